//! An answer of one piece for each package, so that the next commit's is made of the old pieces and the new packages'.

use std::sync::Arc;

use super::shelf::Shelf;
use crate::catalog::Frame;
use crate::repo::{Package, Snapshot};

/// The bytes of an answer, and which of them are whose.
pub(super) struct Pieces {
    pub(super) body: Arc<[u8]>,
    /// Where the piece of each package on the shelf ends; one without a piece ends where the one before it does.
    ends: Box<[usize]>,
    frame: Frame,
    pub(super) shelf: Arc<Shelf>,
}

const COMMA: u8 = b',';

impl Pieces {
    /// Makes an answer for `snapshot`, which `shelf` stands for; `piece` is asked for what `old` does not have.
    ///
    /// The pieces of `old` must have been made by the same `piece` of the same frame.
    pub(super) fn new(
        snapshot: &Snapshot,
        shelf: &Arc<Shelf>,
        frame: Frame,
        old: Option<&Self>,
        piece: impl Fn(&Package) -> Option<Vec<u8>>,
    ) -> Self {
        let old = old.filter(|old| old.shelf.serves(shelf) && old.frame == frame);
        let mut body = Vec::with_capacity(old.map_or(0, |old| old.body.len()));
        body.extend_from_slice(frame.0.as_bytes());
        let mut ends = Vec::with_capacity(snapshot.packages.len());
        let mut position = 0;
        for package in snapshot.packages.values() {
            match old.and_then(|old| old.piece_of(package, &mut position)) {
                Some(known) => push(&mut body, &frame, known),
                None => push(&mut body, &frame, &piece(package).unwrap_or_default()),
            }
            ends.push(body.len());
        }
        body.extend_from_slice(frame.1.as_bytes());
        Self {
            body: shared(body, old),
            ends: ends.into(),
            frame,
            shelf: Arc::clone(shelf),
        }
    }

    /// Returns the bytes that it takes.
    pub(super) fn size(&self) -> usize {
        self.body.len() + size_of_val(&*self.ends)
    }

    /// Returns the piece of a package that has not changed; `position` moves on in the order of names.
    fn piece_of(&self, package: &Package, position: &mut usize) -> Option<&[u8]> {
        let rows = &self.shelf.rows[*position..];
        *position += rows.partition_point(|row| row.name < package.name);
        let row = self.shelf.rows.get(*position)?;
        row.is(package).then(|| self.piece(*position))
    }

    fn piece(&self, position: usize) -> &[u8] {
        let start = match position.checked_sub(1) {
            Some(before) => self.ends[before],
            None => self.frame.0.len(),
        };
        let piece = &self.body[start..self.ends[position]];
        piece.strip_prefix(&[COMMA]).unwrap_or(piece)
    }
}

fn push(body: &mut Vec<u8>, frame: &Frame, piece: &[u8]) {
    if body.len() > frame.0.len() && !piece.is_empty() {
        body.push(COMMA);
    }
    body.extend_from_slice(piece);
}

/// Returns the old bytes where they are the same, so that they are in memory once.
fn shared(body: Vec<u8>, old: Option<&Pieces>) -> Arc<[u8]> {
    match old {
        Some(old) if *old.body == *body => Arc::clone(&old.body),
        _ => body.into(),
    }
}
