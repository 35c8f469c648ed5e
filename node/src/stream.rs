//! A connection's bytes, with a bound on the time that the other side may take to read them.

use std::io::{Error, ErrorKind, IoSlice, Result};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};

use crate::connections::Place;

/// How long the other side may let an answer wait before it reads it at the least pace.
pub(crate) const WRITE_TIME_MAX: Duration = Duration::from_secs(30);
/// The least pace at which an answer must be read after that, in bytes a second.
const WRITE_BYTES_A_SECOND_MIN: u64 = 16 * 1024;

/// A stream to whose other side nothing is written for longer than it may take. Says of its place whether it is blocked.
#[derive(Debug)]
pub(crate) struct BoundedStream<S> {
    stream: S,
    place: Arc<Place>,
    time_max: Duration,
    waiting: Option<Waiting>,
}

/// An answer that is not wholly taken yet.
#[derive(Debug)]
struct Waiting {
    since: Instant,
    written: u64,
    deadline: Pin<Box<Sleep>>,
}

impl<S> BoundedStream<S> {
    pub(crate) fn new(stream: S, place: Arc<Place>, time_max: Duration) -> BoundedStream<S> {
        BoundedStream { stream, place, time_max, waiting: None }
    }

    /// Notes what came of a write, and breaks off where too little came of it for too long.
    fn note(&mut self, outcome: Poll<Result<usize>>, cx: &mut Context<'_>) -> Poll<Result<usize>> {
        match outcome {
            Poll::Ready(outcome) => {
                if let (Some(waiting), Ok(written)) = (&mut self.waiting, &outcome) {
                    waiting.written += *written as u64;
                }
                Poll::Ready(outcome)
            }
            Poll::Pending => {
                self.place.blocked.store(true, Ordering::Relaxed);
                let waiting = self.waiting.get_or_insert_with(|| {
                    let since = Instant::now();
                    Waiting { since, written: 0, deadline: Box::pin(sleep_until(since + self.time_max)) }
                });
                let paid = Duration::from_millis(waiting.written.saturating_mul(1_000) / WRITE_BYTES_A_SECOND_MIN);
                let deadline = waiting.since + self.time_max + paid;
                if deadline > waiting.deadline.deadline() {
                    waiting.deadline.as_mut().reset(deadline);
                }
                ready!(waiting.deadline.as_mut().poll(cx));
                Poll::Ready(Err(Error::new(ErrorKind::TimedOut, "the other side does not read its answer")))
            }
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for BoundedStream<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &mut ReadBuf<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, bytes)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for BoundedStream<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<Result<usize>> {
        let outcome = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.note(outcome, cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<Result<usize>> {
        let outcome = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.note(outcome, cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    /// Flushes. It is asked for only once every answer so far has been taken by the system.
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        let outcome = Pin::new(&mut self.stream).poll_flush(cx);
        if outcome.is_ready() && self.waiting.take().is_some() {
            self.place.blocked.store(false, Ordering::Relaxed);
        }
        outcome
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{IpAddr, Ipv4Addr};
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};

    use crate::connections::{Limits, Places, Taken};
    use crate::source::Source;

    const TIME_MAX: Duration = Duration::from_millis(100);
    const BUFFER_BYTES: usize = 1024;

    fn pair() -> (BoundedStream<DuplexStream>, DuplexStream, Taken) {
        let (near, far) = duplex(BUFFER_BYTES);
        let taken = Places::new(Limits::default()).take(Source::from(IpAddr::V4(Ipv4Addr::LOCALHOST))).unwrap();
        (BoundedStream::new(near, Arc::clone(&taken.place), TIME_MAX), far, taken)
    }

    #[tokio::test]
    async fn an_answer_that_nobody_reads_is_given_up() {
        let (mut stream, _far, taken) = pair();
        stream.write_all(&[0; BUFFER_BYTES]).await.unwrap();
        assert!(taken.place.is_idle(), "what the system has taken waits for nobody");
        let begun = Instant::now();
        let error = stream.write_all(&[0; 1]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut);
        assert!(begun.elapsed() >= TIME_MAX);
        assert!(!taken.place.is_idle());
    }

    #[tokio::test]
    async fn whoever_reads_fast_enough_is_waited_for() {
        let (mut stream, mut far, taken) = pair();
        let reading = tokio::spawn(async move {
            let mut bytes = [0; BUFFER_BYTES];
            let mut read = 0;
            // Ten times the time that nobody may keep silent for, at twice the least pace.
            while read < 40 * BUFFER_BYTES {
                read += far.read(&mut bytes).await.unwrap();
                tokio::time::sleep(Duration::from_millis(25)).await;
            }
        });
        stream.write_all(&vec![0; 40 * BUFFER_BYTES]).await.unwrap();
        stream.flush().await.unwrap();
        assert!(taken.place.is_idle());
        reading.await.unwrap();
    }

    #[tokio::test]
    async fn whoever_reads_a_byte_now_and_then_is_not() {
        let (mut stream, mut far, _taken) = pair();
        let reading = tokio::spawn(async move {
            while far.read_u8().await.is_ok() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        });
        let error = stream.write_all(&vec![0; 40 * BUFFER_BYTES]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut);
        reading.abort();
    }
}
