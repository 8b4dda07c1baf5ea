//! A tar archive (POSIX.1-1988 `ustar`) in memory: regular files alone, each for its owner to read.

/// Longest name that its field takes.
const NAME_MAX: usize = 100;
const BLOCK: usize = 512;

/// An archive that grows.
pub(super) struct Tar {
    bytes: Vec<u8>,
    /// Of each file, seconds since 1970.
    time_s: u64,
}

impl Tar {
    pub(super) fn new(time_s: u64) -> Tar {
        Tar {
            bytes: Vec::new(),
            time_s,
        }
    }

    /// Bytes that a file of so many takes.
    pub(super) fn takes(content: usize) -> usize {
        BLOCK + content.next_multiple_of(BLOCK)
    }

    /// With another file. Its name is ours and short.
    pub(super) fn add(&mut self, name: &str, content: &[u8]) {
        let mut head = [0; BLOCK];
        let mut put = |at: usize, text: &str| {
            let length = text.len().min(BLOCK - at);
            head[at..at + length].copy_from_slice(&text.as_bytes()[..length]);
        };
        put(0, &name[..name.len().min(NAME_MAX)]);
        put(100, "0000600\0");
        put(108, "0000000\0");
        put(116, "0000000\0");
        put(124, &format!("{:011o}\0", content.len()));
        put(136, &format!("{:011o}\0", self.time_s & 0o77_777_777_777));
        // Blanks stand for the sum while it is made.
        put(148, "        ");
        put(156, "0");
        put(257, "ustar\x0000");
        let sum: u32 = head.iter().map(|byte| u32::from(*byte)).sum();
        head[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        self.bytes.extend_from_slice(&head);
        self.bytes.extend_from_slice(content);
        self.bytes
            .resize(self.bytes.len().next_multiple_of(BLOCK), 0);
    }

    /// Whole: two empty blocks end it.
    pub(super) fn finish(mut self) -> Vec<u8> {
        self.bytes.resize(self.bytes.len() + 2 * BLOCK, 0);
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn another_program_unpacks_what_is_packed() {
        let mut tar = Tar::new(1_700_000_000);
        let files = [
            ("a/one.txt", vec![b'x'; 513]),
            ("a/none", Vec::new()),
            ("a/full", vec![b'y'; 512]),
        ];
        let mut expected = 1024;
        for (name, content) in &files {
            expected += Tar::takes(content.len());
            tar.add(name, content);
        }
        let bytes = tar.finish();
        assert_eq!(bytes.len(), expected);
        let mut list = Command::new("tar");
        let list = list
            .args(["-tvf", "-"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut list = list.spawn().expect("`tar` is everywhere");
        list.stdin
            .take()
            .expect("piped")
            .write_all(&bytes)
            .expect("read");
        let said = list.wait_with_output().expect("it ends");
        let said = String::from_utf8_lossy(&said.stdout).into_owned();
        let lines: Vec<Vec<&str>> = said
            .lines()
            .map(|l| l.split_whitespace().collect())
            .collect();
        let found: Vec<_> = lines
            .iter()
            .map(|words| (words[0], words[2], words[5]))
            .collect();
        let mode = "-rw-------";
        assert_eq!(
            found,
            [
                (mode, "513", "a/one.txt"),
                (mode, "0", "a/none"),
                (mode, "512", "a/full")
            ]
        );
    }
}
