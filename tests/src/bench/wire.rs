//! One HTTP/1.1 connection that costs as little as can be: a load generator shares its cores with what it measures.

use anyhow::{Context as _, Result, bail, ensure};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// How many bytes are made room for before each read.
const READ_BYTES: usize = 16 * 1024;
/// The most header lines of an answer.
const HEADERS_MAX: usize = 32;
/// The longest answer that is read.
const ANSWER_BYTES_MAX: usize = 64 * 1024 * 1024;

/// A connection that is kept alive and carries one request at a time.
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

/// An answer, read to its end.
#[derive(Debug)]
pub struct Answer<'c> {
    /// The status code.
    pub status: u16,
    /// Everything before the body.
    pub head: &'c [u8],
    /// The body.
    pub body: &'c [u8],
}

/// Where the parts of an answer lie in what has come.
struct Head {
    status: u16,
    bytes: usize,
    body_bytes: usize,
}

impl Connection {
    /// Connects to `host:port`.
    pub async fn open(authority: &str) -> Result<Connection> {
        let stream = TcpStream::connect(authority).await.with_context(|| format!("connecting to {authority}"))?;
        stream.set_nodelay(true)?;
        Ok(Connection { stream, buffer: Vec::new() })
    }

    /// Sends a whole request, made before, and reads the whole answer.
    pub async fn ask(&mut self, request: &[u8]) -> Result<Answer<'_>> {
        self.stream.write_all(request).await?;
        self.buffer.clear();
        let head = loop {
            self.read_more(READ_BYTES).await?;
            if let Some(head) = head(&self.buffer)? {
                break head;
            }
        };
        let total = head.bytes + head.body_bytes;
        while let missing @ 1.. = total.saturating_sub(self.buffer.len()) {
            self.read_more(missing).await?;
        }
        ensure!(self.buffer.len() == total, "an answer of {total} bytes is followed by more");
        let (before, body) = self.buffer.split_at(head.bytes);
        Ok(Answer { status: head.status, head: before, body })
    }

    async fn read_more(&mut self, room: usize) -> Result<()> {
        self.buffer.reserve(room);
        let read = self.stream.read_buf(&mut self.buffer).await?;
        ensure!(read > 0, "the connection ended before its answer did");
        Ok(())
    }
}

/// Reads the head of an answer, once all of it has come.
fn head(bytes: &[u8]) -> Result<Option<Head>> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS_MAX];
    let mut answer = httparse::Response::new(&mut headers);
    let httparse::Status::Complete(head_bytes) = answer.parse(bytes)? else { return Ok(None) };
    let length = answer.headers.iter().find(|header| header.name.eq_ignore_ascii_case("content-length"));
    let Some(length) = length else { bail!("an answer does not say how long it is") };
    let body_bytes = str::from_utf8(length.value)?.parse().context("the length of an answer")?;
    ensure!(body_bytes <= ANSWER_BYTES_MAX, "an answer of {body_bytes} bytes");
    Ok(Some(Head { status: answer.code.unwrap_or_default(), bytes: head_bytes, body_bytes }))
}

/// Returns the bytes of a POST.
pub fn post(path: &str, media_type: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: bench\r\nContent-Type: {media_type}\r\nContent-Length: {length}\r\n\r\n"
    );
    [head.as_bytes(), body].concat()
}

/// Returns the bytes of a GET.
pub fn get(path: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: bench\r\n\r\n").into_bytes()
}

/// Returns the body of a request made by [`post`].
pub fn body_of(request: &[u8]) -> &[u8] {
    let end = request.windows(4).position(|window| window == b"\r\n\r\n").map_or(request.len(), |at| at + 4);
    request.get(end..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_read_once_it_is_whole() {
        let answer = b"HTTP/1.1 201 Created\r\ncontent-type: text/plain\r\nContent-Length: 5\r\n\r\nhello";
        assert!(head(&answer[..30]).unwrap().is_none());
        let found = head(answer).unwrap().unwrap();
        assert_eq!((found.status, found.body_bytes, &answer[found.bytes..]), (201, 5, &b"hello"[..]));
    }

    #[test]
    fn an_answer_without_a_length_or_with_too_much_is_refused() {
        assert!(head(b"HTTP/1.1 200 OK\r\n\r\n").is_err());
        let long = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", ANSWER_BYTES_MAX + 1);
        assert!(head(long.as_bytes()).is_err());
    }

    #[test]
    fn a_request_gives_back_its_body() {
        assert_eq!(body_of(&post("/", "text/plain", b"a\r\n\r\nb")), b"a\r\n\r\nb");
        assert_eq!(body_of(&get("/")), b"");
    }
}
