//! Batches, in assembly: `second.s` (both hashes from a midstate), `first.s` (midstates) and
//! `whole.s` (headers).
//!
//! Four items at a time. The assembly reads ahead into the next four while it ends the last, so
//! the arrays that it reads have four items more than they hold; what stands there is of no
//! consequence.

#![allow(unsafe_code)]

use core::arch::naked_asm;
use core::arch::x86_64::{__m128i, _mm_insert_epi32, _mm_setzero_si128};
use core::mem::{MaybeUninit, offset_of};

use super::one;
use super::tables::{FIXED, Fixed, Four};
use crate::constants::{INITIAL, PAD};
use crate::header::Candidate;
use crate::target::Target;

/// Items that the assembly plays together.
const VOICES: usize = 4;
/// Items of one call of it.
const BLOCK: usize = 16;
/// Below this many the lone hash is faster than three of four voices for nothing: two of them
/// take as long as four together.
const TOGETHER: usize = 3;

/// What [`play_second`] wants to know of a header.
#[repr(C, align(64))]
struct Item {
    zeros: [u32; 3],
    midstate: [u32; 8],
    pad: u32,
    /// Tail and nonce, as words.
    words: Four,
}

/// A block as its words.
#[repr(C, align(64))]
struct Block([Four; 4]);

/// A header as its words.
#[repr(C, align(16))]
struct Header([Four; 5]);

/// Room for items, of which the first are written; whole turns are played all the same.
type Room<T> = [MaybeUninit<T>; BLOCK + VOICES];

/// See [`lanes::verify`](crate::lanes::verify).
#[target_feature(enable = "sha,sse4.1,ssse3,avx")]
pub(crate) fn verify(items: &[Candidate], target: &Target, out: &mut [Option<[u8; 32]>]) {
    for (items, out) in items.chunks(BLOCK).zip(out.chunks_mut(BLOCK)) {
        if items.len() < TOGETHER {
            for (item, out) in items.iter().zip(out) {
                *out = one::verify(
                    &item.midstate,
                    one::last_words(&item.tail, item.nonce_wire),
                    target,
                );
            }
            continue;
        }
        let mut room: Room<Item> = [const { MaybeUninit::uninit() }; BLOCK + VOICES];
        for (place, item) in room.iter_mut().zip(items) {
            put(
                place,
                item.midstate,
                one::last_words(&item.tail, item.nonce_wire),
            );
        }
        judge(&room, target, out);
    }
}

/// See [`lanes::verify_headers`](crate::lanes::verify_headers).
#[target_feature(enable = "sha,sse4.1,ssse3,avx")]
pub(crate) fn verify_headers(headers: &[[u8; 80]], target: &Target, out: &mut [Option<[u8; 32]>]) {
    for (headers, out) in headers.chunks(BLOCK).zip(out.chunks_mut(BLOCK)) {
        if headers.len() < TOGETHER {
            for (header, out) in headers.iter().zip(out) {
                let [block @ .., rest]: [_; 5] = quads(header);
                *out = one::verify(&one::midstate(block), rest, target);
            }
            continue;
        }
        let mut room: Room<Header> = [const { MaybeUninit::uninit() }; BLOCK + VOICES];
        for (place, header) in room.iter_mut().zip(headers) {
            place.write(Header(quads(header).map(Four::from)));
        }
        let mut tops = [0; BLOCK];
        let mut scratch = HeaderScratch {
            words: Scratch::new(),
            items: [const {
                Item {
                    zeros: [0; 3],
                    midstate: [0; 8],
                    pad: PAD,
                    words: Four([0; 4]),
                }
            }; VOICES],
        };
        let turns = usize::div_ceil(headers.len(), VOICES).clamp(1, BLOCK / VOICES);
        // SAFETY: the processor has what this function's attribute names. The assembly reads
        // four headers per turn, which the room has; it writes four words per turn, which that
        // array has, and the scratch.
        unsafe {
            play_whole(
                room.as_ptr().cast(),
                tops.as_mut_ptr(),
                turns as u64,
                &mut scratch,
                &FIXED,
            );
        }
        for ((out, header), top) in out.iter_mut().zip(headers).zip(tops) {
            *out = if number(top) <= target.top() {
                let [block @ .., rest]: [_; 5] = quads(header);
                one::verify(&one::midstate(block), rest, target)
            } else {
                None
            };
        }
    }
}

/// See [`lanes::midstates`](crate::lanes::midstates).
#[target_feature(enable = "sha,sse4.1,ssse3,avx")]
pub(crate) fn midstates(first64: &[u8; 64], versions: &[u32], out: &mut [[u32; 8]]) {
    let [first, rest @ ..]: [_; 4] = quads(first64);
    for (versions, out) in versions.chunks(BLOCK).zip(out.chunks_mut(BLOCK)) {
        let mut blocks: Room<Block> = [const { MaybeUninit::uninit() }; BLOCK + VOICES];
        for (place, version) in blocks.iter_mut().zip(versions) {
            let first = _mm_insert_epi32::<0>(first, version.swap_bytes() as i32);
            put_block(place, [first, rest[0], rest[1], rest[2]]);
        }
        midstates_of(&blocks, out);
    }
}

/// The words of some bytes, four by four.
#[inline]
#[target_feature(enable = "sha,sse4.1,ssse3,avx")]
fn quads<const BYTES: usize, const QUADS: usize>(bytes: &[u8; BYTES]) -> [__m128i; QUADS] {
    let mut out = [_mm_setzero_si128(); QUADS];
    let (sixteens, _) = bytes.as_chunks::<16>();
    for (out, bytes) in out.iter_mut().zip(sixteens) {
        *out = one::words(bytes);
    }
    out
}

// The assembly loads what it is given in pieces of sixteen bytes. They are stored in the same
// pieces: smaller stores would have to reach the cache first.

#[inline]
#[target_feature(enable = "sha,sse4.1,ssse3,avx")]
fn put(place: &mut MaybeUninit<Item>, midstate: [u32; 8], words: __m128i) {
    place.write(Item {
        zeros: [0; 3],
        midstate,
        pad: PAD,
        words: Four::from(words),
    });
}

#[inline]
#[target_feature(enable = "sha,sse4.1,ssse3,avx")]
fn put_block(place: &mut MaybeUninit<Block>, quads: [__m128i; 4]) {
    let [a, b, c, d] = quads;
    place.write(Block([a.into(), b.into(), c.into(), d.into()]));
}

/// The midstates of the first blocks, one for each of `out`.
#[target_feature(enable = "sha,sse4.1,ssse3,avx")]
fn midstates_of(blocks: &Room<Block>, out: &mut [[u32; 8]]) {
    let mut scratch = Scratch::new();
    let mut room = [const { MaybeUninit::<[u32; 8]>::uninit() }; BLOCK];
    let turns = usize::div_ceil(out.len(), VOICES).clamp(1, BLOCK / VOICES);
    // Whole turns go where they are wanted, others by way of a room that is large enough.
    let whole = out.len() == turns * VOICES;
    let to = if whole {
        out.as_mut_ptr()
    } else {
        room.as_mut_ptr().cast()
    };
    // SAFETY: the processor has what this function's attribute names. The assembly reads four
    // blocks per turn, which the room has, and writes four states, which either place has.
    unsafe {
        play_first(
            blocks.as_ptr().cast(),
            to,
            turns as u64,
            &mut scratch,
            &FIXED,
        )
    };
    if !whole {
        for (out, state) in out.iter_mut().zip(room) {
            // SAFETY: the turns have written at least as many as there are in `out`.
            *out = unsafe { state.assume_init() };
        }
    }
}

/// What is found of the first items, one for each of `out`. One whose top word is too large is
/// dropped; of the others the whole hash is made.
#[target_feature(enable = "sha,sse4.1,ssse3,avx")]
fn judge(items: &Room<Item>, target: &Target, out: &mut [Option<[u8; 32]>]) {
    let mut tops = [0; BLOCK];
    let mut scratch = Scratch::new();
    let turns = usize::div_ceil(out.len(), VOICES).clamp(1, BLOCK / VOICES);
    // SAFETY: the processor has what this function's attribute names. The assembly reads the
    // items of `turns` and those of one turn more, which the room has; it writes four words
    // per turn, which that array has.
    unsafe {
        play_second(
            items.as_ptr().cast(),
            tops.as_mut_ptr(),
            turns as u64,
            &mut scratch,
            &FIXED,
        );
    }
    for ((out, item), top) in out.iter_mut().zip(items).zip(tops) {
        *out = if number(top) <= target.top() {
            // SAFETY: an item was written for each of `out`.
            let item = unsafe { item.assume_init_ref() };
            one::verify(&item.midstate, item.words.load(), target)
        } else {
            None
        };
    }
}

/// The most significant word of a hash, from word e of the last round that was played.
fn number(e: u32) -> u32 {
    e.wrapping_add(INITIAL[7]).swap_bytes()
}

/// Room for what does not fit into registers: sixteen words of each voice's schedule.
#[repr(C, align(64))]
struct Scratch([[Four; 4]; VOICES]);

impl Scratch {
    /// Whatever stands there: it is written before it is read.
    fn new() -> MaybeUninit<Scratch> {
        MaybeUninit::uninit()
    }
}

/// The same, and the voices' midstates.
#[repr(C, align(64))]
struct HeaderScratch {
    words: MaybeUninit<Scratch>,
    items: [Item; VOICES],
}

/// Four top words per turn, each without the last word of the initial state.
///
/// SAFETY: the processor has the SHA extensions, SSE4.1 and AVX; `4 * turns + 4` items can be
/// read and `4 * turns` words written; `turns` is not zero.
#[unsafe(naked)]
unsafe extern "sysv64" fn play_second(
    items: *const Item,
    tops: *mut u32,
    turns: u64,
    scratch: &mut MaybeUninit<Scratch>,
    fixed: &Fixed,
) {
    // Arguments: rdi, rsi, rdx, rcx, r8.
    naked_asm!(
        include_str!("second.s"),
        zzza = const offset_of!(Item, zeros),
        abcd = const offset_of!(Item, midstate),
        bcde = const offset_of!(Item, midstate) + 4,
        efgh = const offset_of!(Item, midstate) + 16,
        fghp = const offset_of!(Item, midstate) + 20,
        words = const offset_of!(Item, words),
        abef1 = const offset_of!(Fixed, abef1),
        cdgh1 = const offset_of!(Fixed, cdgh1),
        pad = const offset_of!(Fixed, pad),
        header_length = const offset_of!(Fixed, header_length),
        header_sums = const offset_of!(Fixed, header_sums),
        w13 = const offset_of!(Fixed, w13),
        sums9 = const offset_of!(Fixed, sums9),
        take_a = const offset_of!(Fixed, take_a),
        take_gh = const offset_of!(Fixed, take_gh),
        k0 = const offset_of!(Fixed, k0),
        k1 = const offset_of!(Fixed, k1),
    )
}

/// Four states per turn.
///
/// SAFETY: the processor has the SHA extensions, SSE4.1 and AVX; `4 * turns` blocks can be
/// read and `4 * turns` states written; `turns` is not zero.
#[unsafe(naked)]
unsafe extern "sysv64" fn play_first(
    blocks: *const Block,
    states: *mut [u32; 8],
    turns: u64,
    scratch: &mut MaybeUninit<Scratch>,
    fixed: &Fixed,
) {
    // Arguments: rdi, rsi, rdx, rcx, r8.
    naked_asm!(
        include_str!("first.s"),
        abef0 = const offset_of!(Fixed, abef0),
        cdgh0 = const offset_of!(Fixed, cdgh0),
        k0 = const offset_of!(Fixed, k0),
    )
}

/// As [`play_second`], from whole headers.
///
/// SAFETY: the processor has the SHA extensions, SSE4.1 and AVX; `4 * turns` headers can be read
/// and `4 * turns` words written; `turns` is not zero.
#[unsafe(naked)]
unsafe extern "sysv64" fn play_whole(
    headers: *const Header,
    tops: *mut u32,
    turns: u64,
    scratch: &mut HeaderScratch,
    fixed: &Fixed,
) {
    // Arguments: rdi, rsi, rdx, rcx, r8.
    naked_asm!(
        include_str!("whole.s"),
        items = const offset_of!(HeaderScratch, items),
        zzza = const offset_of!(Item, zeros),
        abcd = const offset_of!(Item, midstate),
        bcde = const offset_of!(Item, midstate) + 4,
        fghp = const offset_of!(Item, midstate) + 20,
        abef0 = const offset_of!(Fixed, abef0),
        cdgh0 = const offset_of!(Fixed, cdgh0),
        abef1 = const offset_of!(Fixed, abef1),
        cdgh1 = const offset_of!(Fixed, cdgh1),
        pad = const offset_of!(Fixed, pad),
        header_length = const offset_of!(Fixed, header_length),
        header_sums = const offset_of!(Fixed, header_sums),
        w13 = const offset_of!(Fixed, w13),
        sums9 = const offset_of!(Fixed, sums9),
        take_a = const offset_of!(Fixed, take_a),
        take_gh = const offset_of!(Fixed, take_gh),
        k0 = const offset_of!(Fixed, k0),
        k1 = const offset_of!(Fixed, k1),
    )
}
