//! Why a web server gave no good answer.

/// Says what went wrong with which address.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WebError {
    /// Its text is not shown: it may be a password that somebody put there.
    #[error(
        "that is no address of a web server: it needs `http://` or `https://` and a host, and has no password"
    )]
    Address,
    #[error("`{url}` could not be asked")]
    Failed {
        /// Large, and rare.
        #[source]
        source: Box<ureq::Error>,
        url: String,
    },
    #[error("there is no certificate in PEM in it")]
    NoRoots,
    #[error("`{url}` answered with a redirection to `{to}`, which is not followed")]
    Redirected { to: String, url: String },
    #[error("`{url}` was silent for too long")]
    Silent { url: String },
    #[error("`{url}` answered with status {status}")]
    Status { status: u16, url: String },
    #[error("`{url}` gave no whole answer within {seconds} s")]
    TimedOut { seconds: f64, url: String },
    #[error("`{url}` answered with more than {max} bytes")]
    TooLarge { max: u64, url: String },
}
