//! `spkrepo healthcheck`.

use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::time::Duration;

use super::error::CliError;
use super::settings::{SettingFlags, effective};
use super::{Context, Status};
use crate::model::setting::ServeSettings;

/// Ask a running server whether it lives
///
/// Takes the settings that `spkrepo serve` takes, from the same places, and asks /healthz on this machine: at
/// --metrics-listen if there is one, else where is served. For supervisors that have no other program to ask with, as
/// in a container. Exits with 1 when there is no good answer within five seconds.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    settings: SettingFlags,
}

const PATIENCE: Duration = Duration::from_secs(5);
/// The beginning of an answer.
const MAX_HEAD: u64 = 4096;

/// Says why a server cannot be asked.
#[derive(Debug, thiserror::Error)]
pub(super) enum HealthcheckError {
    #[error(
        "the server speaks TLS only, and its certificate is not for this machine's own address"
    )]
    Encrypted,
}

pub(super) fn run(context: &Context, args: &Args) -> Result<Status, CliError> {
    let (_, effective) = effective(context, &args.settings)?;
    let address = address(&effective.settings)?;
    match ask(address) {
        Ok(200) => Ok(Status::Done),
        Ok(status) => {
            let text = format!("http://{address}/healthz answers with {status}");
            context.ui.warning(&text);
            Ok(Status::Problems)
        }
        Err(error) => {
            let text = format!("http://{address}/healthz does not answer: {error}");
            context.ui.warning(&text);
            Ok(Status::Problems)
        }
    }
}

/// Returns where a server with these settings answers without TLS.
fn address(settings: &ServeSettings) -> Result<SocketAddr, HealthcheckError> {
    let served = settings
        .listen
        .0
        .first()
        .map(|one| one.socket(settings.port));
    let plain = served.filter(|_| settings.tls_cert.is_none());
    let found = settings.metrics_listen.or(plain);
    let mut address = found.ok_or(HealthcheckError::Encrypted)?;
    match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(ip) if ip.is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    Ok(address)
}

/// Returns the status of the answer.
fn ask(address: SocketAddr) -> io::Result<u16> {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    write!(
        stream,
        "GET /healthz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
    )?;
    let mut answer = Vec::new();
    stream.take(MAX_HEAD).read_to_end(&mut answer)?;
    let text = String::from_utf8_lossy(&answer);
    let rest = text.strip_prefix("HTTP/1.1 ");
    let status = rest.and_then(|rest| rest.get(..3)?.parse().ok());
    status.ok_or_else(|| io::ErrorKind::InvalidData.into())
}
