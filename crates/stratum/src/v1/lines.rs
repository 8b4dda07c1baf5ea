//! Lines out of a byte stream: in pieces, several at once, and never more than
//! [`LINE_BYTES`] of one.

use crate::limits::LINE_BYTES;

/// The beginning of a line whose end has not come. Whole lines never pass through it.
#[derive(Debug, Default)]
pub(crate) struct Partial {
    held: Vec<u8>,
}

/// A line passed [`LINE_BYTES`]; nothing of it is kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct TooLong;

/// Split the next line (without its end) off `rest`. `None`: the line is not complete,
/// and what there is of it was kept for the next call. Linear in the input: each byte is looked
/// at once and copied at most once.
pub(crate) fn next<'a>(
    partial: &mut Partial,
    rest: &mut &'a [u8],
) -> Result<Option<Line<'a>>, TooLong> {
    let end = rest.iter().position(|b| *b == b'\n');
    let piece = &rest[..end.unwrap_or(rest.len())];
    if partial.held.len() + piece.len() > LINE_BYTES {
        partial.held = Vec::new();
        return Err(TooLong);
    }
    let Some(end) = end else {
        partial.held.extend_from_slice(piece);
        *rest = &[];
        return Ok(None);
    };
    *rest = &rest[end + 1..];
    if partial.held.is_empty() {
        return Ok(Some(Line::Whole(piece)));
    }
    partial.held.extend_from_slice(piece);
    Ok(Some(Line::Joined(std::mem::take(&mut partial.held))))
}

/// A complete line.
#[derive(Debug)]
pub(crate) enum Line<'a> {
    /// It stood in one piece in the input.
    Whole(&'a [u8]),
    /// It came in pieces.
    Joined(Vec<u8>),
}

impl Line<'_> {
    pub(crate) fn bytes(&self) -> &[u8] {
        match self {
            Line::Whole(bytes) => bytes,
            Line::Joined(bytes) => bytes,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(pieces: &[&[u8]]) -> Result<Vec<String>, TooLong> {
        let mut partial = Partial::default();
        let mut out = Vec::new();
        for piece in pieces {
            let mut rest = *piece;
            while let Some(line) = next(&mut partial, &mut rest)? {
                out.push(String::from_utf8_lossy(line.bytes()).into_owned());
            }
        }
        Ok(out)
    }

    #[test]
    fn lines_come_out_however_they_are_cut() {
        let text = b"one\ntwo\r\n\nthree\nrest";
        let expected = vec!["one", "two\r", "", "three"];
        for at in 0..=text.len() {
            assert_eq!(lines(&[&text[..at], &text[at..]]).unwrap(), expected);
        }
        let single: Vec<&[u8]> = text.chunks(1).collect();
        assert_eq!(lines(&single).unwrap(), expected);
    }

    #[test]
    fn a_line_at_the_limit_passes_and_one_above_does_not() {
        let mut text = vec![b'x'; LINE_BYTES];
        text.push(b'\n');
        assert_eq!(lines(&[&text]).unwrap()[0].len(), LINE_BYTES);
        assert_eq!(
            lines(&[&text[..1], &text[1..]]).unwrap()[0].len(),
            LINE_BYTES
        );
        text.insert(0, b'x');
        assert_eq!(lines(&[&text]), Err(TooLong));
        assert_eq!(
            lines(&[&text[..LINE_BYTES], &text[LINE_BYTES..]]),
            Err(TooLong)
        );
    }

    #[test]
    fn an_endless_line_holds_no_more_than_the_limit() {
        let mut partial = Partial::default();
        let chunk = [b'x'; 4096];
        for _ in 0..LINE_BYTES / chunk.len() {
            assert!(matches!(next(&mut partial, &mut &chunk[..]), Ok(None)));
        }
        assert!(next(&mut partial, &mut &chunk[..]).is_err());
        assert_eq!(partial.held.capacity(), 0);
    }
}
