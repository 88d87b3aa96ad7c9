//! Which tokens of a text that is too long are kept.

use std::collections::VecDeque;
use std::ops::ControlFlow;

use super::wordpiece::Piece;

/// What happens to a text with more tokens than the limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Truncation {
    /// Keep the first tokens (`true` in sentence-transformers).
    #[default]
    Right,
    /// Keep the last tokens.
    Left,
    /// Refuse the text (`false`).
    Off,
}

/// Pieces that need no more memory: most sentences have fewer.
const USUAL_TEXT: usize = 32;

/// Takes the pieces of a text one by one and keeps those that may stay.
pub(super) struct Keep {
    pub(super) pieces: VecDeque<Piece>,
    /// Pieces seen so far. With [`Truncation::Right`] the count of a single text stops one past `room`.
    pub(super) seen: usize,
    room: usize,
    truncation: Truncation,
    counts_all: bool,
}

impl Keep {
    pub(super) fn new(room: usize, truncation: Truncation) -> Self {
        let pieces = VecDeque::with_capacity(room.min(USUAL_TEXT));
        Self { pieces, seen: 0, room, truncation, counts_all: false }
    }

    /// The same, counting to the end of the text: which text of a pair is the longer one decides what each keeps.
    pub(super) fn counting_all(room: usize, truncation: Truncation) -> Self {
        Self { counts_all: true, ..Self::new(room, truncation) }
    }

    /// Breaks where no later piece can matter.
    pub(super) fn push(&mut self, piece: Piece) -> ControlFlow<()> {
        self.seen += 1;
        if self.seen <= self.room {
            self.pieces.push_back(piece);
            return ControlFlow::Continue(());
        }
        match self.truncation {
            Truncation::Right if !self.counts_all => ControlFlow::Break(()),
            Truncation::Right | Truncation::Off => ControlFlow::Continue(()),
            Truncation::Left => {
                self.pieces.push_back(piece);
                self.pieces.pop_front();
                ControlFlow::Continue(())
            }
        }
    }

    pub(super) fn truncated(&self) -> bool {
        self.seen > self.room
    }

    /// The first or, with [`Truncation::Left`], the last `len` of the kept pieces.
    pub(super) fn trimmed(self, len: usize, truncation: Truncation) -> impl Iterator<Item = Piece> {
        let skip = match truncation {
            Truncation::Left => self.pieces.len().saturating_sub(len),
            Truncation::Right | Truncation::Off => 0,
        };
        self.pieces.into_iter().skip(skip).take(len)
    }
}

/// How many tokens each text of a pair keeps when `room` tokens fit in all: the shorter one stays whole where it takes
/// less than half, else each takes half, the odd token going to the longer.
pub(super) fn longest_first(first: usize, second: usize, room: usize) -> [usize; 2] {
    if first + second <= room {
        return [first, second];
    }
    let short = first.min(second);
    let half = room / 2;
    let (short, long) = if short <= half { (short, room - short) } else { (half, room - half) };
    if first <= second { [short, long] } else { [long, short] }
}

#[cfg(test)]
mod tests {
    use super::longest_first;

    #[test]
    fn pairs_share_the_room() {
        for (first, second, room, expected) in [
            (3, 4, 7, [3, 4]),
            (3, 9, 7, [3, 4]),
            (9, 3, 7, [4, 3]),
            (9, 8, 7, [4, 3]),
            (8, 8, 7, [3, 4]),
            (8, 8, 0, [0, 0]),
            (0, 8, 7, [0, 7]),
        ] {
            assert_eq!(longest_first(first, second, room), expected, "{first} {second} {room}");
        }
    }
}
