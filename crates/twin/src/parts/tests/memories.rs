//! Board memories.

use super::super::{At24c02, BoardData, I2cFault};
use super::*;

/// The data of a captured board, from its plain text.
fn data_of(plain: &[u8], decoded: &Value) -> BoardData {
    let format = plain[0];
    let o = if format == 2 { 0 } else { 5 };
    let text = |key: &str| decoded[key].as_str().expect(key).to_owned();
    let count = |key: &str| decoded[key].as_u64().expect(key) as u16;
    let hex_count = |key: &str| {
        let text = text(key);
        u16::from_str_radix(text.trim_start_matches("0x"), 16).expect(key)
    };
    BoardData {
        format,
        serial: text("board_sn"),
        die: text("die"),
        marking: text("marking"),
        chip_bin: count("chip_bin") as u8,
        test_program: hex(&decoded["ft_version_hex"]),
        // The parts without a name come from the plain text.
        unnamed: [plain[43 + o], plain[44 + o]],
        pcb: hex_count("pcb_version"),
        bom: hex_count("bom_version"),
        technology: text("tech"),
        centivolts: count("voltage_centivolt"),
        mhz: count("freq_mhz"),
        nonce_rate: count("nonce_rate_x100"),
        tail: plain[57 + o..plain.len() - 1].to_vec(),
    }
}

#[test]
fn captured_images_come_out_of_their_fields() {
    let all = vectors("pic/eeprom-s19pro.json");
    for vector in &all {
        let plain = hex(&vector["plain_hex"]);
        let image = data_of(&plain, &vector["decoded"]).image();
        let captured = hex(&vector["hex"]);
        assert_eq!(image[..captured.len()], captured, "{}", vector["id"]);
        assert!(image[captured.len()..255].iter().all(|b| *b == 0xFF));
        assert_eq!(image[255], 0x5A);
    }
    assert_eq!(all.len(), 7);
}

#[test]
fn texts_that_do_not_fit_are_cut() {
    let mut data = BoardData::made_up(0, 1280, 525);
    let image = data.image();
    data.serial.push_str(" and more");
    data.tail.extend([1; 300]);
    assert_eq!(data.image(), image);
}

fn memory() -> Host<At24c02> {
    let bytes = core::array::from_fn(|i| i as u8);
    Host::new(At24c02::new(bytes), None)
}

#[test]
fn reads_begin_at_the_pointer_go_on_and_wrap() {
    let mut host = memory();
    let mut bytes = [0; 4];
    transfer(&mut host.part, host.now, &[0xFE], &mut bytes).expect("acknowledged");
    assert_eq!(bytes, [0xFE, 0xFF, 0x00, 0x01]);
    transfer(&mut host.part, host.now, &[], &mut bytes).expect("acknowledged");
    assert_eq!(bytes, [2, 3, 4, 5]);
}

#[test]
fn a_write_wraps_in_its_page_takes_its_time_and_is_written_down() {
    let mut host = memory();
    transfer(&mut host.part, host.now, &[0x0E, 0xA0, 0xA1, 0xA2], &mut []).expect("acknowledged");
    let probe = transfer(&mut host.part, host.now, &[], &mut []);
    assert_eq!(probe, Err(I2cFault::Nack));
    host.wait_ms(5);
    assert_eq!(
        host.part.bytes()[0x07..0x11],
        [7, 0xA2, 9, 10, 11, 12, 13, 0xA0, 0xA1, 0x10]
    );
    assert_eq!(host.part.dangers().count, 3);
    let mut byte = [0];
    transfer(&mut host.part, host.now, &[0x0E], &mut byte).expect("acknowledged");
    assert_eq!(byte, [0xA0]);
}
