//! What is to be sent together.

use anyhow::Result;
use indexmap::IndexMap;

use crate::source::Line;
use crate::target::Target;

/// Bytes after which a batch is sent: the knowledge base has a limit for a body.
const MAX_BYTES: usize = 8 << 20;

/// The last state of each document that has changed, in the order of MongoDB: `match_index` tells it.
#[derive(Default)]
pub struct Batch {
    changes: IndexMap<String, Option<String>>,
    bytes: usize,
}

/// What a batch, or a number of them, did.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Done {
    pub sent: usize,
    pub deleted: usize,
}

impl Batch {
    pub fn put(&mut self, line: Line) {
        self.bytes += line.json.len();
        self.changes.insert(line.id, Some(line.json));
    }

    pub fn delete(&mut self, id: String) {
        self.changes.insert(id, None);
    }

    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    pub fn is_full(&self, batch_size: usize) -> bool {
        self.changes.len() >= batch_size || self.bytes >= MAX_BYTES
    }

    /// Sends all of it.
    pub fn send(&mut self, target: &mut Target) -> Result<Done> {
        let mut lines: Vec<Line> = Vec::new();
        let mut gone = Vec::new();
        for (id, json) in std::mem::take(&mut self.changes) {
            match json {
                Some(json) => lines.push(Line { id, json }),
                None => gone.push(id),
            }
        }
        self.bytes = 0;
        let done = Done { sent: lines.len(), deleted: gone.len() };
        target.put(&lines)?;
        gone.iter().try_for_each(|id| target.delete(id))?;
        Ok(done)
    }
}

impl std::ops::AddAssign for Done {
    fn add_assign(&mut self, other: Self) {
        self.sent += other.sent;
        self.deleted += other.deleted;
    }
}
