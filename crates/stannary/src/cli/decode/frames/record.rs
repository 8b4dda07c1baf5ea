//! A frame as one JSON object, names in a fixed order.

use protocol::explain::{Direction, Fields, Value};
use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};

/// What is said of a frame, or of garbage.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Record {
    /// The chip, as hashboard definitions name it.
    pub(crate) chip: &'static str,
    /// Who sent it; nothing where that is not known.
    pub(crate) direction: Option<Direction>,
    /// As `protocol::explain` names it, or `garbage`.
    pub(crate) kind: &'static str,
    /// The checksum fits.
    pub(crate) crc_ok: bool,
    /// Everything else.
    pub(crate) fields: Fields,
}

impl Record {
    /// `host`, `chip` or nothing, as `--from` takes them.
    pub(crate) fn sender(&self) -> Option<&'static str> {
        self.direction.map(|direction| match direction {
            Direction::FromHost => "host",
            Direction::FromChip => "chip",
        })
    }
}

impl Serialize for Record {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(5))?;
        map.serialize_entry("chip", self.chip)?;
        map.serialize_entry("direction", &self.sender())?;
        map.serialize_entry("kind", self.kind)?;
        map.serialize_entry("crc_ok", &self.crc_ok)?;
        map.serialize_entry("fields", &Named(&self.fields))?;
        map.end()
    }
}

struct Named<'a>(&'a Fields);

impl Serialize for Named<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in self.0 {
            map.serialize_entry(name, &Shown(value))?;
        }
        map.end()
    }
}

struct Shown<'a>(&'a Value);

impl Serialize for Shown<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Flag(flag) => serializer.serialize_bool(*flag),
            Value::Number(number) => serializer.serialize_u64(*number),
            Value::Real(real) => serializer.serialize_f64(*real),
            Value::Text(text) => serializer.serialize_str(text),
            Value::Fields(fields) => Named(fields).serialize(serializer),
            Value::List(list) => {
                let mut seq = serializer.serialize_seq(Some(list.len()))?;
                for value in list {
                    seq.serialize_element(&Shown(value))?;
                }
                seq.end()
            }
        }
    }
}
