//! Texts in groups: the unit in which they are embedded and written.

use std::iter::Peekable;

use anyhow::Result;

use crate::input::Texts;

/// A batch takes no further text when it has this many bytes: lines of the longest kind must not add up to gigabytes.
const MAX_BYTES: usize = 64 << 20;

/// Groups of at most `size` texts. Texts before a fault still come, the fault after them.
pub struct Batches {
    texts: Peekable<Texts>,
    size: usize,
}

impl Batches {
    pub fn new(texts: Texts, size: usize) -> Self {
        Self { texts: texts.peekable(), size }
    }

    /// The next texts, at least one. Reads no further than that, so that a person at a terminal gets answers in time.
    pub fn next(&mut self) -> Result<Option<Vec<String>>> {
        let mut batch: Vec<String> = Vec::new();
        let mut bytes = 0;
        while batch.len() < self.size && bytes < MAX_BYTES {
            let Some(text) = self.texts.next_if(Result::is_ok).transpose()? else { break };
            bytes += text.len();
            batch.push(text);
        }
        if batch.is_empty() {
            return self.texts.next().map_or(Ok(None), |fault| fault.map(|text| Some(vec![text])));
        }
        Ok(Some(batch))
    }

    /// Whether texts are left after the last batch.
    pub fn more(&mut self) -> Result<bool> {
        match self.texts.next_if(Result::is_err) {
            Some(fault) => fault.map(|_| true),
            None => Ok(self.texts.peek().is_some()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Batches;

    fn batches(texts: &'static [&'static str]) -> Batches {
        let read = |&text: &&str| if text == "fault" { Err(anyhow::anyhow!("line 3")) } else { Ok(text.to_owned()) };
        Batches::new(Box::new(texts.iter().map(read)), 2)
    }

    #[test]
    fn the_last_batch_may_be_short() -> anyhow::Result<()> {
        let mut batches = batches(&["a", "b", "c"]);
        assert_eq!(batches.next()?, Some(vec!["a".to_owned(), "b".to_owned()]));
        assert!(batches.more()?);
        assert_eq!(batches.next()?, Some(vec!["c".to_owned()]));
        assert!(!batches.more()?);
        assert_eq!(batches.next()?, None);
        Ok(())
    }

    #[test]
    fn texts_before_a_fault_come_first() -> anyhow::Result<()> {
        let mut batches = batches(&["a", "b", "c", "fault"]);
        assert_eq!(batches.next()?.map(|batch| batch.len()), Some(2));
        assert_eq!(batches.next()?.map(|batch| batch.len()), Some(1));
        assert!(batches.next().is_err());
        Ok(())
    }

    #[test]
    fn long_texts_make_short_batches() -> anyhow::Result<()> {
        let texts = (0..5).map(|_| Ok("x".repeat(super::MAX_BYTES / 2)));
        let mut batches = Batches::new(Box::new(texts), 1000);
        assert_eq!(batches.next()?.map(|batch| batch.len()), Some(2));
        assert_eq!(batches.next()?.map(|batch| batch.len()), Some(2));
        assert_eq!(batches.next()?.map(|batch| batch.len()), Some(1));
        Ok(())
    }
}
