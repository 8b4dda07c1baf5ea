//! The 17 series' voltage controller.

use board_support::VoltageCode;
use drivers::parts::dspic33::Dspic33Framed;
use drivers::parts::{CodedVoltage, PartErrorKind, Rounding};

use crate::stand::{answered, bytes_of, count, guards, kind, stream, unhex, vectors};

const PIC: Dspic33Framed = Dspic33Framed::at(0x21);

#[test]
fn commands_are_the_published_frames() {
    let list = vectors("pic/framed.json");
    let of = |id| bytes_of(&list, id);
    assert_eq!(stream(0x21, &PIC.inputs()), of("dspic-read-4-adc-req"));
    assert_eq!(stream(0x21, &PIC.clamp(true)), of("dspic-clamp-on"));
    assert_eq!(stream(0x21, &PIC.version()), of("pic-version-req"));
    assert_eq!(stream(0x21, &PIC.enable(false)), of("pic-disable-derived"));
    // No machine has a code for it: any will do for the frame.
    let formula = VoltageCode {
        offset: 1200.0,
        per_volt: 60.0,
    };
    let coded = CodedVoltage::new(&formula, Rounding::Nearest, &(0..=20_000), 18_000);
    let ops = PIC.set_voltage(coded.expect("in range"));
    // 120 = 0x78; published: length 7, the code, two zeros.
    assert_eq!(stream(0x21, &ops), unhex("55aa0710780000008f"));
}

#[test]
fn answers_are_of_the_published_form() {
    let good = unhex("0d28010001000200030004");
    let sum: u16 = good.iter().map(|b| u16::from(*b)).sum();
    let good = [good, sum.to_be_bytes().to_vec()].concat();
    assert_eq!(count(&PIC.inputs()), good.len());
    assert_eq!(
        Dspic33Framed::read_inputs(&answered(&PIC.inputs(), &good)),
        Ok([1, 2, 3, 4])
    );
    guards(&good, Dspic33Framed::read_inputs);
    guards(&unhex("1001"), Dspic33Framed::read_set_voltage);
    guards(&unhex("3101"), Dspic33Framed::read_clamp);
    guards(&unhex("05178900a5"), Dspic33Framed::read_version);
    let refused = Dspic33Framed::read_set_voltage(&[unhex("1000")]);
    assert_eq!(kind(refused), PartErrorKind::Refused);
}
