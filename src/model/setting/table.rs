//! The table of settings.

use std::net::SocketAddr;
use std::path::PathBuf;

use super::amount::{Period, Size};
use super::kind::{AccessLog, DownloadsFrom, Kind, ListenAddress, OneOrMore, UploadBranch, check};
use super::remote::Remote;
use super::{Setting, ValueError};
use crate::model::host::HostPattern;
use crate::model::trusted_proxy::TrustedProxy;
use crate::model::url_prefix::UrlPrefix;

/// Makes the table and the type of all values together from one list.
macro_rules! settings {
    ($($field:ident $name:literal $value_name:literal: $type:ty = $default:literal, $doc:literal;)*) => {
        /// Every setting, in the order of help and README.
        pub(crate) static SETTINGS: &[Setting] = &[$(Setting {
            check: check::<$type>,
            default: $default,
            doc: $doc,
            name: $name,
            shape: <$type as Kind>::SHAPE,
            value_name: $value_name,
        }),*];

        /// The values that are in effect.
        #[derive(Clone, Debug)]
        pub(crate) struct ServeSettings {
            $(#[doc = $doc] pub(crate) $field: $type,)*
        }

        impl ServeSettings {
            /// Makes the values of the texts that `texts` returns for the name of each.
            pub(crate) fn of<'a>(texts: impl Fn(&'static str) -> &'a [String]) -> Result<Self, ValueError> {
                Ok(Self { $($field: <$type as Kind>::of(texts($name))?,)* })
            }
        }
    };
}

settings! {
    port "port" "PORT": u16 = "8080",
        "The port; 0 takes any that is free";
    listen "listen" "ADDRESS[:PORT]": OneOrMore<ListenAddress> = "127.0.0.1",
        "Listen on this address; 0.0.0.0 is every one of IPv4";
    reference "ref" "NAME": Option<String> = "",
        "Serve what this branch or tag names instead of HEAD";
    rev "rev" "REVISION": Option<String> = "",
        "Serve this commit and no later one";
    follow "follow" "REMOTE[#BRANCH]": Option<Remote> = "",
        "Serve what this remote, or address, has, instead of HEAD; its default branch unless one is named";
    every "every" "TIME": Period = "30s",
        "How often the remote that is followed is asked for commits";
    hook_secret_file "hook-secret-file" "FILE": Option<PathBuf> = "",
        "Ask at once when /hooks/refresh is sent a message that is signed with the secret in FILE";
    allowed_host "allowed-host" "HOST": Vec<HostPattern> = "",
        "Answer for this host, or with `*.` for all below it, and refuse requests for any other";
    trusted_proxy "trusted-proxy" "ADDRESS[/BITS]": Vec<TrustedProxy> = "",
        "Believe what a proxy at this address or network says of the host, scheme and path that were asked for";
    url_prefix "url-prefix" "PATH": Option<UrlPrefix> = "",
        "Answer below this path, such as /spk";
    tls_cert "tls-cert" "FILE": Option<PathBuf> = "",
        "Speak TLS with this certificate and its chain, in PEM";
    tls_key "tls-key" "FILE": Option<PathBuf> = "",
        "The key of the certificate, in PEM";
    redirect_listen "redirect-listen" "ADDRESS:PORT": Option<SocketAddr> = "",
        "Answer plain HTTP here with a redirection to https";
    max_connections "max-connections" "NUMBER": usize = "4096",
        "Connections at the same time, as far as there are descriptors";
    max_connections_per_address "max-connections-per-address" "NUMBER": usize = "256",
        "Connections at the same time from one address; trusted proxies may have all";
    max_requests_in_flight "max-requests-in-flight" "NUMBER": usize = "64",
        "Requests that are answered at the same time";
    max_head_size "max-head-size" "SIZE": Size = "16KiB",
        "Bytes of a request line and its headers";
    max_header_count "max-header-count" "NUMBER": usize = "100",
        "Headers of one request";
    max_body_size "max-body-size" "SIZE": Size = "64KiB",
        "Bytes of a request's body";
    head_timeout "head-timeout" "TIME": Period = "10s",
        "How long a request's head may take from its first byte to its last";
    body_timeout "body-timeout" "TIME": Period = "30s",
        "How long a request's body may take, or an upload's sender may send nothing";
    idle_timeout "idle-timeout" "TIME": Period = "30s",
        "How long a connection may be silent between requests";
    send_timeout "send-timeout" "TIME": Period = "30s",
        "How long a client may take none of what is sent";
    drain_timeout "drain-timeout" "TIME": Period = "30s",
        "How long requests in flight may go on once the server is told to stop";
    catalog_cache_size "catalog-cache-size" "SIZE": Size = "64MiB",
        "Bytes of catalogs that are kept ready";
    accel_redirect "accel-redirect" "PATH": Option<UrlPrefix> = "",
        "Have nginx send downloads from its internal location PATH, an alias of the folder lfs/objects";
    downloads "downloads" "PLACE": DownloadsFrom = "local",
        "Where SPKs come from: local, cache (those not here from remotes), or redirect (clients are sent to remotes)";
    cache_size "cache-size" "SIZE": Size = "10GiB",
        "Bytes of SPKs that were fetched and are kept; those that were used least recently go first";
    cache_dir "cache-dir" "FOLDER": Option<PathBuf> = "",
        "Keep them in FOLDER instead of spkrepo/cache in the git directory";
    max_fetches "max-fetches" "NUMBER": usize = "16",
        "SPKs that are fetched at the same time; more wait";
    access_log "access-log" "FORMAT": AccessLog = "off",
        "Write a line for each request: off, text or json";
    access_log_file "access-log-file" "FILE": Option<PathBuf> = "",
        "Append these lines to FILE instead of writing them to standard output";
    metrics_listen "metrics-listen" "ADDRESS:PORT": Option<SocketAddr> = "",
        "Answer /metrics, /healthz and /readyz in plain HTTP here, for whoever watches the server";
    upload "upload" "true|false": bool = "false",
        "Take SPKs from those whose tokens are in maintainers.toml";
    upload_to "upload-to" "branch:NAME": Option<UploadBranch> = "",
        "Put uploads on this branch, for review, instead of the one that is served";
    max_upload_size "max-upload-size" "SIZE": Size = "4GiB",
        "Bytes of an upload";
    upload_timeout "upload-timeout" "TIME": Period = "1h",
        "How long an upload may take";
    max_uploads "max-uploads" "NUMBER": usize = "16",
        "Uploads at the same time; more wait for half a minute";
    lfs "lfs" "true|false": bool = "false",
        "Answer Git LFS at /info/lfs: objects for everybody, and from those whose tokens are in maintainers.toml";
    sign_key "sign-key" "FILE": Option<PathBuf> = "",
        "Sign uploads that have no signature with this secret key";
    sign_passphrase_file "sign-passphrase-file" "FILE": Option<PathBuf> = "",
        "The passphrase of that key is the first line of FILE";
    debug_package "debug-package" "true|false": bool = "false",
        "Add an entry to each catalog that shows a NAS what it asked, in its Package Center";
}
