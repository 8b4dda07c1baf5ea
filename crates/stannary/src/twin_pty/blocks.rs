//! Historic blocks of the main chain. A job for one of them is answered with the nonce
//! that solved it, so that a driver can see a nonce of real difficulty.

/// Headers, as in the chain.
const HEADERS: [&str; 7] = [
    // Height 0.
    concat!(
        "0100000000000000000000000000000000000000000000000000000000000000",
        "000000003ba3edfd7a7b12b27ac72c3e67768f617fc81bc3888a51323a9fb8aa",
        "4b1e5e4a29ab5f49ffff001d1dac2b7c",
    ),
    // Height 1.
    concat!(
        "010000006fe28c0ab6f1b372c1a6a246ae63f74f931e8365e15a089c68d61900",
        "00000000982051fd1e4ba744bbbe680e1fee14677ba1a3c3540bf7b1cdb606e8",
        "57233e0e61bc6649ffff001d01e36299",
    ),
    // Height 170.
    concat!(
        "0100000055bd840a78798ad0da853f68974f3d183e2bd1db6a842c1feecf222a",
        "00000000ff104ccb05421ab93e63f8c3ce5c2c2e9dbb37de2764b3a3175c8166",
        "562cac7d51b96a49ffff001d283e9e70",
    ),
    // Height 100000.
    concat!(
        "0100000050120119172a610421a6c3011dd330d9df07b63616c2cc1f1cd00200",
        "000000006657a9252aacd5c0b2940996ecff952228c3067cc38d4885efb5a4ac",
        "4247e9f337221b4d4c86041b0f2b5710",
    ),
    // Height 125552.
    concat!(
        "0100000081cd02ab7e569e8bcd9317e2fe99f2de44d49ab2b8851ba4a3080000",
        "00000000e320b6c2fffc8d750423db8b1eb942ae710e951ed797f7affc8892b0",
        "f1fc122bc7f5d74df2b9441a42a14695",
    ),
    // Height 881423.
    concat!(
        "0060592ee3c96a8a70ca15fe215e99f84ab64c43e1b5d2c43b54010000000000",
        "0000000076f63a35f1b8b5016d3eb0cce2eebbdf58bf8fbea4e870c8f770346b",
        "dfcf622d69c19a678a9a021702fb05ff",
    ),
    // Height 839900.
    concat!(
        "0060962aa39b4310863947efd282b30ff755d3ab247c76ee7e5d010000000000",
        "000000004c4577aff36cdfdb0613ee3dc73c46e349da802849ec4f4995f9de8d",
        "f5838008df1b226619420317178560d2",
    ),
];

pub(super) fn headers() -> Vec<[u8; 80]> {
    HEADERS.iter().filter_map(|text| bytes(text)).collect()
}

fn bytes(text: &str) -> Option<[u8; 80]> {
    let mut out = [0; 80];
    for (i, byte) in out.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * i..2 * i + 2)?, 16).ok()?;
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use sha2::{Digest, Sha256};

    #[test]
    fn every_header_has_its_proof_of_work() {
        let headers = headers();
        assert_eq!(headers.len(), HEADERS.len());
        for header in headers {
            let hash: [u8; 32] = Sha256::digest(Sha256::digest(header)).into();
            assert_eq!(hash[28..], [0; 4], "{header:02x?}");
        }
    }
}
