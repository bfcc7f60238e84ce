//! Why a request gets no further than the gate: each reason with its status and the rule behind it.

/// Says why a request is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refusal {
    #[error("the body ended before it was whole")]
    BodyEnded,
    #[error("the body did not come in time")]
    BodyTimeout,
    #[error("the body of the request is longer than the {max} bytes that are allowed here")]
    BodyTooLong { max: u64 },
    #[error("a chunk of the body is not what it should be")]
    Chunk,
    #[error("there are too many connections")]
    Connections,
    #[error("there are too many connections from this address")]
    ConnectionsPerAddress,
    #[error("only the expectation `100-continue` can be met")]
    Expectation,
    #[error("the head of the request did not come in time")]
    HeadTimeout,
    #[error("the head of the request is longer than the {max} bytes that are allowed here")]
    HeadTooLong { max: usize },
    #[error("the request must have exactly one `Host`, of a name and maybe a port")]
    Host,
    #[error("the request has not exactly one plain `Content-Length`")]
    Length,
    #[error("a line of the request ends in other than CR and LF")]
    LineEnd,
    #[error("the request has both `Content-Length` and `Transfer-Encoding`")]
    LengthAndEncoding,
    #[error("the request is not HTTP: {what}")]
    Malformed { what: &'static str },
    #[error("this port speaks HTTPS only")]
    NotEncrypted,
    #[error("the target of the request is longer than the {max} bytes that are allowed here")]
    TargetTooLong { max: usize },
    #[error("the request has more than the {max} headers that are allowed here")]
    TooManyHeaders { max: usize },
    #[error("the only transfer encoding that is supported is `chunked`")]
    UnknownEncoding,
    #[error("`Transfer-Encoding` is not known before HTTP/1.1")]
    UntimelyEncoding,
    #[error("only HTTP/1.0 and HTTP/1.1 are supported")]
    Version,
}

impl Refusal {
    /// Returns the status of the answer.
    pub(super) fn status(&self) -> u16 {
        match self {
            Self::BodyEnded
            | Self::Chunk
            | Self::Host
            | Self::Length
            | Self::LengthAndEncoding
            | Self::LineEnd
            | Self::Malformed { .. }
            | Self::NotEncrypted
            | Self::UntimelyEncoding => 400,
            Self::BodyTimeout | Self::HeadTimeout => 408,
            Self::BodyTooLong { .. } => 413,
            Self::TargetTooLong { .. } => 414,
            Self::Expectation => 417,
            Self::ConnectionsPerAddress => 429,
            Self::HeadTooLong { .. } | Self::TooManyHeaders { .. } => 431,
            Self::UnknownEncoding => 501,
            Self::Connections => 503,
            Self::Version => 505,
        }
    }

    /// Returns the section that asks for the refusal, or lets it be.
    pub(super) fn section(&self) -> &'static str {
        match self {
            Self::BodyEnded => "RFC 9112 §8",
            Self::BodyTimeout | Self::HeadTimeout => "RFC 9110 §15.5.9",
            Self::BodyTooLong { .. } => "RFC 9110 §15.5.14",
            Self::Chunk => "RFC 9112 §7.1",
            Self::Connections => "RFC 9110 §15.6.4",
            Self::ConnectionsPerAddress => "RFC 6585 §4",
            Self::Expectation => "RFC 9110 §10.1.1",
            Self::HeadTooLong { .. } | Self::TooManyHeaders { .. } => "RFC 6585 §5",
            Self::Host => "RFC 9112 §3.2",
            Self::Length | Self::LengthAndEncoding => "RFC 9112 §6.3",
            Self::LineEnd => "RFC 9112 §2.2",
            Self::Malformed { .. } => "RFC 9112 §3, §5",
            Self::NotEncrypted => "RFC 9110 §4.2.2",
            Self::TargetTooLong { .. } => "RFC 9110 §15.5.15",
            Self::UnknownEncoding | Self::UntimelyEncoding => "RFC 9112 §6.1",
            Self::Version => "RFC 9110 §15.6.6",
        }
    }

    /// Returns the name under which refusals of this kind are counted.
    pub(super) fn cause(&self) -> &'static str {
        match self {
            Self::BodyEnded => "body_ended",
            Self::BodyTimeout => "body_timeout",
            Self::BodyTooLong { .. } => "body_too_long",
            Self::Chunk => "chunk",
            Self::Connections => "connections",
            Self::ConnectionsPerAddress => "connections_per_address",
            Self::Expectation => "expectation",
            Self::HeadTimeout => "head_timeout",
            Self::HeadTooLong { .. } => "head_too_long",
            Self::Host => "host",
            Self::Length => "length",
            Self::LengthAndEncoding => "length_and_encoding",
            Self::LineEnd => "line_end",
            Self::Malformed { .. } => "malformed",
            Self::NotEncrypted => "not_encrypted",
            Self::TargetTooLong { .. } => "target_too_long",
            Self::TooManyHeaders { .. } => "too_many_headers",
            Self::UnknownEncoding => "unknown_encoding",
            Self::UntimelyEncoding => "untimely_encoding",
            Self::Version => "version",
        }
    }
}
