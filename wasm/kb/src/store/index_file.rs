//! An index file, read in place: for hosts without a database. It can only be read; the command line tool makes a new one.

use std::fs::File;
use std::sync::Mutex;

use async_trait::async_trait;
use minilm::index::Query;
use minilm_knowledge::{Document, FileError, IndexFile as Index};

use super::{Entry, Found, Identity, Match, Record, Search, State, Store, StoreError};
