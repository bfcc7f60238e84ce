//! PNG images of one colour, as icons and screenshots (W3C PNG, third edition).

use std::io::Write;

use flate2::write::ZlibEncoder;
use flate2::{Compression, Crc};

const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";
/// 8 bits per sample, red-green-blue, no filter method but 0, not interlaced.
const FORMAT: [u8; 5] = [8, 2, 0, 0, 0];

/// Returns a PNG of `width` by `height` in one colour.
pub(crate) fn png(width: u32, height: u32, colour: [u8; 3]) -> Vec<u8> {
    let size = [width.to_be_bytes(), height.to_be_bytes()].concat();
    let row = [&[0][..], &colour.repeat(width as usize)].concat();
    let mut pixels = ZlibEncoder::new(Vec::new(), Compression::fast());
    for _ in 0..height {
        pixels.write_all(&row).expect("memory takes every write");
    }
    let mut image = SIGNATURE.to_vec();
    chunk(&mut image, b"IHDR", &[&size[..], &FORMAT].concat());
    chunk(
        &mut image,
        b"IDAT",
        &pixels.finish().expect("memory takes every write"),
    );
    chunk(&mut image, b"IEND", b"");
    image
}

fn chunk(image: &mut Vec<u8>, kind: &[u8; 4], data: &[u8]) {
    let mut crc = Crc::new();
    crc.update(kind);
    crc.update(data);
    image.extend_from_slice(
        &u32::try_from(data.len())
            .expect("images are small")
            .to_be_bytes(),
    );
    image.extend_from_slice(kind);
    image.extend_from_slice(data);
    image.extend_from_slice(&crc.sum().to_be_bytes());
}

#[test]
fn a_png_decodes_to_its_size_and_colour() {
    let image = png(72, 40, [1, 2, 3]);
    let mut reader = png::Decoder::new(std::io::Cursor::new(image))
        .read_info()
        .expect("valid header");
    let mut pixels = vec![0; 72 * 40 * 3];
    let frame = reader.next_frame(&mut pixels).expect("valid pixels");
    assert_eq!((frame.width, frame.height), (72, 40));
    assert!(pixels.chunks(3).all(|pixel| pixel == [1, 2, 3]));
}
