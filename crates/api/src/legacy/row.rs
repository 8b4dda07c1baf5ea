//! Named values in their order, as the socket writes them in JSON and in text.

use std::fmt::Write;

/// One value. How a number is written is part of the interface.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Field {
    Whole(u64),
    Signed(i64),
    /// With so many decimals.
    Fixed(f64, usize),
    Text(String),
    Truth(bool),
}

/// Values with their names, in the order in which they are written.
#[derive(Clone, PartialEq, Debug, Default)]
pub(super) struct Row(Vec<(String, Field)>);

impl Row {
    pub(super) fn put(&mut self, name: impl Into<String>, field: Field) {
        self.0.push((name.into(), field));
    }

    pub(super) fn whole(mut self, name: &str, value: impl Into<u64>) -> Self {
        self.put(name, Field::Whole(value.into()));
        self
    }

    pub(super) fn fixed(mut self, name: &str, value: f64, decimals: usize) -> Self {
        self.put(name, Field::Fixed(value, decimals));
        self
    }

    pub(super) fn text(mut self, name: &str, value: impl Into<String>) -> Self {
        self.put(name, Field::Text(value.into()));
        self
    }

    pub(super) fn truth(mut self, name: &str, value: bool) -> Self {
        self.put(name, Field::Truth(value));
        self
    }

    /// Nothing where there is nothing.
    pub(super) fn maybe(mut self, name: &str, value: Option<Field>) -> Self {
        if let Some(value) = value {
            self.put(name, value);
        }
        self
    }

    pub(super) fn write_json(&self, out: &mut String) {
        out.push('{');
        for (i, (name, field)) in self.0.iter().enumerate() {
            if i > 0 {
                out.push(',');
            }
            out.push_str(&quoted(name));
            out.push(':');
            field.write_json(out);
        }
        out.push('}');
    }

    pub(super) fn write_text(&self, out: &mut String) {
        for (i, (name, field)) in self.0.iter().enumerate() {
            if i > 0 {
                out.push(',');
            }
            out.push_str(name);
            out.push('=');
            field.write_text(out);
        }
    }
}

impl Field {
    fn write_json(&self, out: &mut String) {
        match self {
            Field::Text(text) => out.push_str(&quoted(text)),
            _ => self.write_text(out),
        }
    }

    fn write_text(&self, out: &mut String) {
        // Writing to a string cannot fail.
        let _ = match self {
            Field::Whole(value) => write!(out, "{value}"),
            Field::Signed(value) => write!(out, "{value}"),
            Field::Fixed(value, decimals) if value.is_finite() => write!(out, "{value:.decimals$}"),
            Field::Fixed(_, decimals) => write!(out, "{:.decimals$}", 0.0),
            Field::Truth(value) => write!(out, "{value}"),
            Field::Text(text) => {
                out.push_str(&escaped(text));
                Ok(())
            }
        };
    }
}

/// As a JSON string. One of the clients repairs what other makers break: it takes `}{`, `,}` and
/// `[,{` apart wherever they stand, and `<` may end up in somebody's page.
pub(super) fn quoted(text: &str) -> String {
    let plain = serde_json::to_string(text).unwrap_or_else(|_| "\"\"".to_owned());
    let mut out = String::with_capacity(plain.len());
    for c in plain.chars() {
        match c {
            '{' | '}' | '<' | '>' => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out
}

/// Of text replies: what separates fields gets a backslash.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' | '|' | ',' | '=' => out.extend(['\\', c]),
            '\0'..='\x1f' => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row() -> Row {
        Row::default()
            .whole("POOL", 0u8)
            .text("URL", "a,b=c|d\\\"\0<{")
            .fixed("MHS av", 1.005, 2)
            .fixed("bad", f64::NAN, 2)
            .truth("LP", false)
            .maybe("gone", None)
    }

    #[test]
    fn json_is_json_and_keeps_order_and_digits() {
        let mut out = String::new();
        row().write_json(&mut out);
        let start = r#"{"POOL":0,"URL":"a,b=c|d\\\"\u0000\u003c\u007b","MHS av":1.00,"bad":0.00,"#;
        assert!(out.starts_with(start), "{out}");
        let read: serde_json::Value = serde_json::from_str(&out).expect("JSON");
        assert_eq!(read["URL"], "a,b=c|d\\\"\0<{");
        assert_eq!(read["LP"], false);
    }

    #[test]
    fn text_escapes_what_separates() {
        let mut out = String::new();
        row().write_text(&mut out);
        let expected = "POOL=0,URL=a\\,b\\=c\\|d\\\\\" <{,MHS av=1.00,bad=0.00,LP=false";
        assert_eq!(out, expected);
    }
}
