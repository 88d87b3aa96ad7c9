//! Changes as they happen.

use std::convert::Infallible;

use anyhow::{Context, Result, bail};
use bson::Document;
use mongodb::change_stream::event::{ChangeStreamEvent, OperationType, ResumeToken};

use crate::batch::Batch;
use crate::retries::Retries;
use crate::source::{Changes, Collection, Trouble, id, line};
use crate::state::{Place, StateFile};
use crate::target::Target;
use crate::{load, say};

const NO_CHANGE_STREAMS: &str = "this server has no change streams (they need a replica set; one of a single server will do): \
                                 use --once to send the collection once, or --poll SECONDS to compare all of it again and again";

/// Follows the collection until something is wrong that does not pass.
pub fn forever(collection: &Collection, target: &mut Target, prune: bool, state: &StateFile) -> Result<()> {
    let mut retries = Retries::default();
    loop {
        let Err(error) = session(collection, target, prune, state, &mut retries);
        match error.downcast_ref().map(Trouble::of) {
            Some(Trouble::NoChangeStreams) => return Err(error).context(NO_CHANGE_STREAMS),
            Some(Trouble::TooOld) => {
                say(&format!("the change stream cannot be resumed, the whole collection is sent anew: {error:#}"));
                state.forget()?;
            }
            _ => retries.wait(error)?,
        }
    }
}

/// Goes on at the place that is written down, with the whole collection first if it has not arrived yet.
fn session(
    collection: &Collection,
    target: &mut Target,
    prune: bool,
    state: &StateFile,
    retries: &mut Retries,
) -> Result<Infallible> {
    let place = state.load()?;
    let changes = collection.changes(place.as_ref().map(|place| place.resume_token.clone()))?;
    if !place.is_some_and(|place| place.loaded) {
        let begin = changes.resume_token();
        let reach = |loaded| match begin.clone() {
            Some(resume_token) => state.save(&Place { resume_token, loaded }),
            None => Ok(()),
        };
        // Before anything is sent: what is sent now and deleted before the next start must not stay.
        reach(false)?;
        let done = load::whole(collection, target, prune)?;
        reach(true)?;
        say(&format!("{} documents sent, {} deleted; following changes", done.sent, done.deleted));
    }
    follow(changes, target, state, retries)
}

/// Sends changes until the stream breaks.
fn follow(mut changes: Changes, target: &mut Target, state: &StateFile, retries: &mut Retries) -> Result<Infallible> {
    let mut batch = Batch::default();
    let mut written: Option<ResumeToken> = None;
    loop {
        let event = changes.next_if_any().context("MongoDB")?;
        retries.reset();
        let idle = event.is_none();
        if let Some(event) = event {
            take(event, &mut batch, target)?;
        }
        if batch.is_full(target.batch_size()) || idle {
            if !batch.is_empty() {
                let done = batch.send(target)?;
                say(&format!("{} documents sent, {} deleted", done.sent, done.deleted));
            }
            // Also without a change: the place moves on with what happens elsewhere on the server, and must not get too old.
            let reached = changes.resume_token();
            if reached != written
                && let Some(resume_token) = reached.clone()
            {
                state.save(&Place { resume_token, loaded: true })?;
                written = reached;
            }
        }
    }
}

/// Puts an event into the batch. One that cannot be sent is named and passed over: the next start would meet it again.
fn take(event: ChangeStreamEvent<Document>, batch: &mut Batch, target: &mut Target) -> Result<()> {
    match event.operation_type {
        OperationType::Insert | OperationType::Update | OperationType::Replace => {
            // A document that is gone by the time it is looked up has an event of its own for that.
            if let Some(document) = event.full_document {
                target.unless_refused(line(document))?.into_iter().for_each(|line| batch.put(line));
            }
        }
        OperationType::Delete => {
            let key = event.document_key.unwrap_or_default();
            target.unless_refused(id(key))?.into_iter().for_each(|id| batch.delete(id));
        }
        OperationType::Drop | OperationType::Rename | OperationType::DropDatabase | OperationType::Invalidate => bail!(
            "the collection was dropped or renamed. The knowledge base stays as it is: to make it equal to what the collection is \
             now, remove the state file and start again with --prune"
        ),
        _ => {}
    }
    Ok(())
}
