//! The whole collection.

use std::collections::HashSet;

use anyhow::Result;

use crate::batch::{Batch, Done};
use crate::say;
use crate::source::Collection;
use crate::target::Target;

/// Sends every document; with `prune`, deletes those that the collection does not have.
pub fn whole(collection: &Collection, target: &mut Target, prune: bool) -> Result<Done> {
    let (mut batch, mut done, mut ids) = (Batch::default(), Done::default(), HashSet::new());
    for line in collection.all()? {
        let Some(line) = target.unless_refused(line?)? else { continue };
        if prune {
            ids.insert(line.id.clone());
        }
        batch.put(line);
        if batch.is_full(target.batch_size()) {
            done += batch.send(target)?;
            say(&format!("{} documents sent", done.sent));
        }
    }
    done += batch.send(target)?;
    if prune {
        let gone: Vec<String> = target.ids()?.into_iter().filter(|id| !ids.contains(id)).collect();
        gone.iter().try_for_each(|id| target.delete(id))?;
        done.deleted += gone.len();
    }
    Ok(done)
}
