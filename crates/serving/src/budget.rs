//! What one request may cost in time, and in bytes of its answer.

use std::cell::Cell;
use std::future::poll_fn;
use std::mem::replace;
use std::task::Poll;
use std::time::{Duration, Instant};

use http::StatusCode;

use crate::problem::{Limit, Problem};
use crate::settings::Settings;

/// What is left to one request. Its time begins when its body has been read: how long a body may take is for the host to say. Time in
/// which others had their turn does not count. Otherwise many requests at once, of which each would be answered, would all fail.
#[derive(Clone, Debug)]
pub struct Budget {
    /// Time that the request has had until its turn began.
    spent: Cell<Duration>,
    /// When its turn began.
    turn: Cell<Instant>,
    /// Most milliseconds, where there is a limit.
    max_request_ms: Option<usize>,
    /// Most bytes of the answer, before compression.
    pub max_response_bytes: usize,
}

impl Budget {
    /// The budget of a request that begins now.
    pub(crate) fn start(settings: &Settings) -> Self {
        Self {
            spent: Cell::default(),
            turn: Cell::new(Instant::now()),
            max_request_ms: Some(settings.max_request_ms),
            max_response_bytes: settings.max_response_bytes,
        }
    }

    /// Without limits, for work that is no request.
    #[must_use]
    pub fn unlimited() -> Self {
        Self {
            spent: Cell::default(),
            turn: Cell::new(Instant::now()),
            max_request_ms: None,
            max_response_bytes: usize::MAX,
        }
    }

    /// The same without an end in time: for a step of work that is done as a whole, and is small.
    #[must_use]
    pub fn without_deadline(&self) -> Self {
        Self { max_request_ms: None, ..self.clone() }
    }

    /// Gives the host the processor for a moment, then checks the time. To be called after every few milliseconds of work: in that moment
    /// the host answers others, or ends this request because its client has gone.
    ///
    /// # Errors
    /// 503 with `retry-after` where the time is over; `done` says what was done in it, as the beginning of a sentence.
    pub async fn pause(&self, done: impl FnOnce() -> String) -> Result<(), Problem> {
        let Some(limit) = self.exceeded_after_pause().await else { return Ok(()) };
        let what = format!("ask for less at once, or later: {} took a number of milliseconds of", done());
        Err(Problem::over(StatusCode::SERVICE_UNAVAILABLE, &what, limit))
    }

    /// The same for work that can go on in another request: whether there is time left.
    pub async fn pause_and_continue(&self) -> bool {
        self.exceeded_after_pause().await.is_none()
    }

    /// Gives the processor away for a moment; then the limit of time, where it is exceeded.
    async fn exceeded_after_pause(&self) -> Option<Limit> {
        let spent = self.spent.get() + self.turn.get().elapsed();
        self.spent.set(spent);
        yield_now().await;
        self.turn.set(Instant::now());
        let value = self.max_request_ms.filter(|&most| spent > Duration::from_millis(most as u64))?;
        let actual = usize::try_from(spent.as_millis()).unwrap_or(usize::MAX);
        Some(Limit { name: "MAX_REQUEST_MS", value, actual })
    }

    /// 422 for an answer of `bytes` or more that is over `MAX_RESPONSE_BYTES`.
    ///
    /// # Errors
    /// As said.
    pub fn check_response(&self, bytes: usize) -> Result<(), Problem> {
        let limit = Limit { name: "MAX_RESPONSE_BYTES", value: self.max_response_bytes, actual: bytes };
        limit.check(StatusCode::UNPROCESSABLE_ENTITY, || {
            "ask for less at once: the answer has a size in bytes of".to_owned()
        })
    }
}

/// Is pending once, and asks to be polled again. To a host of components that is a yield.
async fn yield_now() {
    let mut yielded = false;
    poll_fn(|context| {
        if replace(&mut yielded, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use super::Budget;
    use crate::{Dialect, Settings};

    fn budget(name: &str, value: &str) -> Budget {
        let settings = Settings::read(|asked| (asked == name).then(|| value.to_owned()));
        Budget::start(&settings.expect("the setting is good"))
    }

    #[test]
    fn a_pause_gives_the_processor_away_and_then_checks_the_time() {
        let budget = budget("MAX_REQUEST_MS", "1");
        let mut context = Context::from_waker(Waker::noop());
        let mut pause = pin!(budget.pause(|| "this".to_owned()));
        assert!(pause.as_mut().poll(&mut context).is_pending());
        // Others have their turn.
        std::thread::sleep(std::time::Duration::from_millis(3));
        assert!(matches!(pause.as_mut().poll(&mut context), Poll::Ready(Ok(()))));
        // It has its own.
        std::thread::sleep(std::time::Duration::from_millis(3));
        let mut pause = pin!(budget.pause(|| "this".to_owned()));
        assert!(pause.as_mut().poll(&mut context).is_pending());
        let Poll::Ready(Err(problem)) = pause.as_mut().poll(&mut context) else { panic!("the time is over") };
        assert!(problem.message().ends_with(", the limit is 1 (MAX_REQUEST_MS)"), "{}", problem.message());
        let response = problem.into_response(Dialect::Tei);
        assert_eq!((response.status.as_u16(), &response.headers["retry-after"]), (503, &"1".parse().expect("a value")));

        let mut pause = pin!(budget.pause_and_continue());
        assert!(pause.as_mut().poll(&mut context).is_pending());
        assert_eq!(pause.as_mut().poll(&mut context), Poll::Ready(false));

        let endless = budget.without_deadline();
        let mut endless = pin!(endless.pause(String::new));
        assert!(endless.as_mut().poll(&mut context).is_pending());
        assert!(matches!(endless.as_mut().poll(&mut context), Poll::Ready(Ok(()))));
    }

    #[test]
    fn an_answer_may_have_as_many_bytes_as_said() {
        let budget = budget("MAX_RESPONSE_BYTES", "100");
        assert!(budget.check_response(100).is_ok());
        let problem = budget.check_response(101).expect_err("it is too large");
        assert_eq!(problem.status(), 422);
        assert!(problem.message().ends_with("101, the limit is 100 (MAX_RESPONSE_BYTES)"), "{}", problem.message());
    }
}
