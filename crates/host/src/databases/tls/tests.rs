//! A real PostgreSQL of Debian, which has TLS, with certificates that are made here.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tempfile::TempDir;

use super::Target;
use crate::databases::deadline;

/// Debian's user and group without rights, on every Debian. PostgreSQL refuses to be run by root.
const NOBODY: u32 = 65534;

/// The folder of Debian's latest PostgreSQL.
fn programs() -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").ok()?.flatten().map(|entry| entry.path().join("bin"));
    versions.filter(|folder| folder.join("postgres").is_file()).max()
}

/// A server with a certificate for `localhost`.
struct Server {
    process: Child,
    port: u16,
    /// The certificate of who has signed that of the server.
    roots: String,
    _folder: TempDir,
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Server {
    fn start(programs: &Path) -> Self {
        let folder = tempfile::Builder::new().prefix("minilm-tls-").tempdir_in("/tmp").expect("a folder");
        let (authority, certificate, key) = certificates();
        for (name, text) in [("server.crt", &certificate), ("server.key", &key), ("log", &String::new())] {
            fs::write(folder.path().join(name), text).expect("a file");
            own(&folder.path().join(name), 0o600);
        }
        own(folder.path(), 0o700);
        let data = folder.path().join("data");
        let mut initdb = as_nobody(&programs.join("initdb"), folder.path());
        initdb.args(["--auth=trust", "--encoding=utf8", "--no-sync", "-U", "postgres", "-D"]).arg(&data);
        assert!(initdb.stdout(Stdio::null()).status().expect("it can be started").success());
        // Free a moment ago: nobody else here asks for ports of this kind.
        let port = TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("a free port").port();
        let mut postgres = as_nobody(&programs.join("postgres"), folder.path());
        let file = |name| folder.path().join(name).display().to_string();
        let settings = [
            "ssl=on".to_owned(),
            format!("ssl_cert_file={}", file("server.crt")),
            format!("ssl_key_file={}", file("server.key")),
            "listen_addresses=localhost".to_owned(),
            "unix_socket_directories=".to_owned(),
            format!("port={port}"),
            "fsync=off".to_owned(),
        ];
        postgres.arg("-D").arg(&data).args(settings.iter().flat_map(|setting| ["-c", setting]));
        let process = postgres.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it can be started");
        let server = Self { process, port, roots: authority, _folder: folder };
        let start = Instant::now();
        while !fs::read_to_string(data.join("postmaster.pid")).is_ok_and(|text| text.trim_end().ends_with("ready")) {
            assert!(start.elapsed() < Duration::from_secs(60), "PostgreSQL starts");
            sleep(Duration::from_millis(50));
        }
        server
    }
}

/// The certificates of an authority and of `localhost`, and the key of the latter.
fn certificates() -> (String, String, String) {
    let mut authority = CertificateParams::default();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority =
        CertifiedIssuer::self_signed(authority, KeyPair::generate().expect("a key")).expect("a certificate");
    let key = KeyPair::generate().expect("a key");
    let server = CertificateParams::new(["localhost".to_owned()]).expect("a name");
    let server = server.signed_by(&key, &authority).expect("a certificate");
    (authority.pem(), server.pem(), key.serialize_pem())
}

fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|process| std::os::unix::fs::MetadataExt::uid(&process) == 0)
}

fn own(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("it is ours");
    if is_root() {
        chown(path, Some(NOBODY), Some(NOBODY)).expect("root may do that");
    }
}

fn as_nobody(program: &Path, folder: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(folder);
    if is_root() {
        command.uid(NOBODY).gid(NOBODY);
    }
    command
}

/// What a connection says of its encryption, or why there is none.
fn connect(address: &str, roots: Option<&str>) -> Result<bool, String> {
    let config = deadline::config(address).expect("an address");
    let target = Target { config, roots: roots.map(str::to_owned) };
    tokio::runtime::Runtime::new().expect("threads").block_on(async {
        let connected = deadline::connect(&target).await?;
        let client = connected.map_err(|error| format!("{error:?}"))?;
        let encrypted = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
        Ok(client.query_one(encrypted, &[]).await.map_err(|error| format!("{error:?}"))?.get(0))
    })
}

#[test]
#[ignore = "needs a PostgreSQL of Debian: run `cargo xtask test components`"]
fn a_server_must_have_a_certificate_that_is_trusted_for_its_name() {
    let Some(programs) = programs() else {
        println!("skipped: there is no PostgreSQL in /usr/lib/postgresql");
        return;
    };
    let server = Server::start(&programs);
    let (port, roots) = (server.port, server.roots.as_str());
    let address = |host: &str, mode: &str| format!("host={host} port={port} user=postgres dbname=postgres {mode}");
    let required = address("localhost", "sslmode=require");
    assert_eq!(connect(&required, Some(roots)), Ok(true));
    // In plain text, where nothing else is asked for.
    assert_eq!(connect(&address("localhost", ""), Some(roots)), Ok(false));
    // The platform does not know the authority, and neither does who trusts another one.
    let (other, ..) = certificates();
    for roots in [None, Some(other.as_str())] {
        let error = connect(&required, roots).expect_err("it is not trusted");
        assert!(error.contains("UnknownIssuer") || error.contains("BadSignature"), "{error}");
    }
    // The certificate is not for this name.
    let error = connect(&address("127.0.0.1", "sslmode=require"), Some(roots)).expect_err("another name");
    assert!(error.contains("NotValidForName"), "{error}");
    // Certificates that are none.
    for (roots, message) in [("", "there is no certificate"), ("-----BEGIN CERTIFICATE-----\n!\n", "no PEM")] {
        let error = connect(&required, Some(roots)).expect_err("it cannot be read");
        assert!(error.contains(message), "{error}");
    }
}

/// A server without TLS is refused, where TLS is asked for, before a password is sent.
#[test]
fn a_server_without_tls_is_refused() {
    let socket = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = socket.local_addr().expect("an address").port();
    let server = std::thread::spawn(move || {
        use std::io::{Read, Write};
        let (mut client, _) = socket.accept().expect("a client");
        // The request for TLS has 8 bytes; `N` is no.
        client.read_exact(&mut [0; 8]).expect("a request for TLS");
        client.write_all(b"N").expect("an answer");
        let mut rest = Vec::new();
        client.read_to_end(&mut rest).expect("the end");
        rest
    });
    let address = format!("host=127.0.0.1 port={port} user=postgres password=secret sslmode=require");
    let error = connect(&address, None).expect_err("there is no TLS");
    assert!(error.contains("server does not support TLS"), "{error}");
    assert!(server.join().expect("it ends").is_empty(), "nothing else is sent");
}
