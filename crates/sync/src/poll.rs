//! The whole collection again and again, for servers that do not tell what changes.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::thread;
use std::time::Duration;

use anyhow::Result;

use crate::batch::{Batch, Done};
use crate::retries::Retries;
use crate::source::Collection;
use crate::target::Target;
use crate::{load, say};

/// Compares the collection with what was sent before, every `interval`.
pub fn forever(collection: &Collection, target: &mut Target, prune: bool, interval: Duration) -> Result<()> {
    let mut retries = Retries::default();
    while prune && let Err(error) = load::whole(collection, target, true) {
        retries.wait(error)?;
    }
    let mut known = HashMap::new();
    loop {
        match pass(collection, target, &mut known) {
            Ok(done) => {
                retries.reset();
                if done != Done::default() {
                    say(&format!("{} documents sent, {} deleted", done.sent, done.deleted));
                }
                thread::sleep(interval);
            }
            Err(error) => retries.wait(error)?,
        }
    }
}

/// Sends what is new or different, and deletes what is no longer there. `known` has the hash of each document that was sent.
fn pass(collection: &Collection, target: &mut Target, known: &mut HashMap<String, u64>) -> Result<Done> {
    let (mut batch, mut done, mut seen) = (Batch::default(), Done::default(), HashMap::new());
    for line in collection.all()? {
        let Some(line) = target.unless_refused(line?)? else { continue };
        let mut hasher = DefaultHasher::new();
        line.json.hash(&mut hasher);
        let hash = hasher.finish();
        seen.insert(line.id.clone(), hash);
        if known.get(&line.id) != Some(&hash) {
            batch.put(line);
        }
        if batch.is_full(target.batch_size()) {
            done += batch.send(target)?;
        }
    }
    known.keys().filter(|id| !seen.contains_key(*id)).for_each(|id| batch.delete(id.clone()));
    done += batch.send(target)?;
    *known = seen;
    Ok(done)
}
