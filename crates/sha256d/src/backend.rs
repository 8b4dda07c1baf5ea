//! How one block is compressed: today by `sha2`, which picks the processor's SHA
//! instructions at run time and a portable loop elsewhere.

use sha2::digest::generic_array::GenericArray;

/// Advance `state` by one 64-byte block.
#[inline]
pub(crate) fn compress(state: &mut [u32; 8], block: &[u8; 64]) {
    let block: &GenericArray<u8, _> = block.into();
    sha2::compress256(state, core::slice::from_ref(block));
}
