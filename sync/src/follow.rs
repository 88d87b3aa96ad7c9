//! Changes as they happen.

use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use bson::Document;
use mongodb::change_stream::event::{ChangeStreamEvent, OperationType, ResumeToken};
use mongodb::error::Error;

use crate::batch::Batch;
use crate::source::{Changes, Collection, Trouble, id, line};
use crate::state::StateFile;
use crate::target::Target;
use crate::{load, say};

const NO_CHANGE_STREAMS: &str = "this server has no change streams (they need a replica set; one of a single server will do): \
                                 use --once to send the collection once, or --poll SECONDS to compare all of it again and again";

/// Waits between attempts to reach MongoDB again.
const WAITS: [u64; 5] = [1, 2, 5, 10, 30];

/// Follows the collection until something is wrong that does not pass.
pub fn forever(collection: &Collection, target: &mut Target, prune: bool, state: &StateFile) -> Result<()> {
    let mut token = state.load()?;
    let mut attempts = 0;
    loop {
        let opened = match token.clone() {
            Some(token) => collection.changes(Some(token)),
            None => first(collection, target, prune, state)?,
        };
        let error = match opened.map(|changes| follow(changes, target, state, &mut token, &mut attempts)) {
            Ok(ended) => ended?,
            Err(error) => error,
        };
        match Trouble::of(&error) {
            Trouble::NoChangeStreams => return Err(error).context(NO_CHANGE_STREAMS),
            Trouble::TooOld => {
                say(&format!("the change stream cannot be resumed, the whole collection is sent anew: {error}"));
                token = None;
            }
            Trouble::Other => {
                let Some(&wait) = WAITS.get(attempts) else { return Err(error).context("MongoDB") };
                attempts += 1;
                say(&format!("MongoDB: {error}; trying again in {wait} s"));
                thread::sleep(Duration::from_secs(wait));
                token = state.load()?;
            }
        }
    }
}

/// The whole collection, and the changes since before it was read.
fn first(
    collection: &Collection,
    target: &mut Target,
    prune: bool,
    state: &StateFile,
) -> Result<Result<Changes, Error>> {
    let changes = match collection.changes(None) {
        Ok(changes) => changes,
        error => return Ok(error),
    };
    let done = load::whole(collection, target, prune)?;
    say(&format!("{} documents sent, {} deleted; following changes", done.sent, done.deleted));
    if let Some(token) = changes.resume_token() {
        state.save(&token)?;
    }
    Ok(Ok(changes))
}

/// Sends changes until the stream breaks; with what error.
fn follow(
    mut changes: Changes,
    target: &mut Target,
    state: &StateFile,
    token: &mut Option<ResumeToken>,
    attempts: &mut usize,
) -> Result<Error> {
    let mut batch = Batch::default();
    loop {
        let event = match changes.next_if_any() {
            Ok(event) => event,
            Err(error) => return Ok(error),
        };
        *attempts = 0;
        let idle = event.is_none();
        if let Some(event) = event {
            take(event, &mut batch)?;
        }
        if batch.is_full(target.batch_size()) || idle {
            if !batch.is_empty() {
                let done = batch.send(target)?;
                say(&format!("{} documents sent, {} deleted", done.sent, done.deleted));
            }
            // Also without a change: the place moves on with what happens elsewhere on the server, and must not get too old.
            let reached = changes.resume_token();
            if reached != *token
                && let Some(reached) = reached
            {
                state.save(&reached)?;
                *token = Some(reached);
            }
        }
    }
}

fn take(event: ChangeStreamEvent<Document>, batch: &mut Batch) -> Result<()> {
    match event.operation_type {
        OperationType::Insert | OperationType::Update | OperationType::Replace => {
            // A document that is gone by the time it is looked up has an event of its own for that.
            if let Some(document) = event.full_document {
                batch.put(line(document)?);
            }
        }
        OperationType::Delete => batch.delete(id(event.document_key.context("a delete without a key")?)?),
        OperationType::Drop | OperationType::Rename | OperationType::DropDatabase | OperationType::Invalidate => bail!(
            "the collection was dropped or renamed. The knowledge base stays as it is: to make it equal to what the collection is \
             now, remove the state file and start again with --prune"
        ),
        _ => {}
    }
    Ok(())
}
