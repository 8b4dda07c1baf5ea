//! Every part against the vectors of its wire, against damage, and against any bytes at all.

mod anything;
mod apw;
mod dspic33;
mod emc2101;
mod entries;
mod hashboard_memory;
mod pic16f1704;
mod pic16f1704_framed;
mod sensors;
mod stand;
mod tps546;
