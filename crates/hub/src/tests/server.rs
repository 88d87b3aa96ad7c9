//! An HTTP server that can misbehave: cut a body off, or stall in the middle of it. Server crates do neither.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use url::Url;

/// One request.
#[derive(Debug, Clone)]
pub struct Seen {
    pub path: String,
    pub headers: BTreeMap<String, String>,
}

impl Seen {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }
}

/// What to answer.
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: Vec<u8>,
    /// Send only so much of the body, then close.
    pub cut_at: Option<usize>,
    /// Keep the connection open for so long before closing.
    pub linger: Duration,
}

impl Reply {
    pub fn status(status: u16) -> Reply {
        Reply { status, headers: Vec::new(), body: Vec::new(), cut_at: None, linger: Duration::ZERO }
    }

    pub fn whole(body: &[u8]) -> Reply {
        Reply { body: body.to_vec(), ..Reply::status(200) }
    }

    /// With ETag, Range and If-Range as the RFC has them.
    pub fn file(seen: &Seen, body: &[u8]) -> Reply {
        let etag = format!("\"{}\"", super::sha256(body));
        let range = seen.header("range").filter(|_| seen.header("if-range").is_none_or(|known| known == etag));
        let len = body.len();
        let parsed = range.map(|range| {
            let (start, last) = range.strip_prefix("bytes=").unwrap().split_once('-').unwrap();
            let end = if last.is_empty() { len } else { last.parse::<usize>().unwrap() + 1 };
            (start.parse::<usize>().unwrap(), end.min(len))
        });
        let mut reply = match parsed {
            None => Reply::whole(body),
            Some((start, _)) if start >= len => {
                Reply { headers: vec![("content-range", format!("bytes */{len}"))], ..Reply::status(416) }
            }
            Some((start, end)) => Reply {
                headers: vec![("content-range", format!("bytes {start}-{}/{len}", end - 1))],
                body: body[start..end].to_vec(),
                ..Reply::status(206)
            },
        };
        reply.headers.push(("etag", etag));
        reply
    }

    pub fn redirect(to: impl ToString) -> Reply {
        Reply { headers: vec![("location", to.to_string())], ..Reply::status(302) }
    }
}

/// Serves until it is dropped.
pub struct Server {
    pub url: Url,
    address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
    stop: Arc<AtomicBool>,
    accepting: Option<JoinHandle<()>>,
}

impl Server {
    pub fn start(answer: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let stop = Arc::new(AtomicBool::new(false));
        let answer = Arc::new(answer);
        let accepting = thread::spawn({
            let (seen, stop) = (Arc::clone(&seen), Arc::clone(&stop));
            move || {
                for stream in listener.incoming() {
                    if stop.load(Ordering::SeqCst) {
                        return;
                    }
                    let (answer, seen) = (Arc::clone(&answer), Arc::clone(&seen));
                    thread::spawn(move || serve(stream.unwrap(), &*answer, &seen));
                }
            }
        });
        Server {
            url: Url::parse(&format!("http://{address}")).unwrap(),
            address,
            seen,
            stop,
            accepting: Some(accepting),
        }
    }

    /// The requests so far whose path ends like this.
    pub fn seen(&self, path_end: &str) -> Vec<Seen> {
        let seen = self.seen.lock().unwrap();
        seen.iter().filter(|seen| seen.path.ends_with(path_end)).cloned().collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        // Wakes the thread that waits in accept.
        drop(TcpStream::connect(self.address));
        if let Some(accepting) = self.accepting.take() {
            accepting.join().unwrap();
        }
    }
}

/// A client that goes away early is not this side's failure, so errors of the socket are passed over.
fn serve(stream: TcpStream, answer: &dyn Fn(&Seen) -> Reply, log: &Mutex<Vec<Seen>>) {
    let mut lines = BufReader::new(&stream).lines().map_while(Result::ok);
    let Some(first) = lines.next() else { return };
    let Some(path) = first.split(' ').nth(1) else {
        return;
    };
    let headers = lines
        .take_while(|line| !line.is_empty())
        .filter_map(|line| {
            let (name, value) = line.split_once(':')?;
            Some((name.to_lowercase(), value.trim().to_owned()))
        })
        .collect();
    let seen = Seen { path: path.to_owned(), headers };
    log.lock().unwrap().push(seen.clone());
    let reply = answer(&seen);
    let mut head = format!("HTTP/1.1 {} x\r\nconnection: close\r\n", reply.status);
    // A body in chunks has no length that is announced.
    if !reply.headers.iter().any(|(name, _)| *name == "transfer-encoding") {
        head.push_str(&format!("content-length: {}\r\n", reply.body.len()));
    }
    for (name, value) in &reply.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str("\r\n");
    let end = reply.cut_at.unwrap_or(reply.body.len());
    let mut stream = &stream;
    let sent = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&reply.body[..end]));
    if sent.is_ok() {
        thread::sleep(reply.linger);
    }
}
