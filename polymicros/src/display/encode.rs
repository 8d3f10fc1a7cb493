//! RGB pixels to PNG bytes, as small as a few tries make them.

use crate::{Error, Result};
use std::collections::HashMap;

/// Encodes RGB pixels, row by row from the top. The same pixels always give the same bytes.
pub(super) fn png(width: u32, height: u32, rgb: &[u8]) -> Result<Vec<u8>> {
    // Flat colours compress best as they are, gradients with a filter: keep the smaller.
    let tries = match palette(rgb) {
        Some((palette, indices)) => {
            vec![encode(width, height, &indices, Some(palette), false)?]
        }
        None => vec![
            encode(width, height, rgb, None, false)?,
            encode(width, height, rgb, None, true)?,
        ],
    };
    Ok(tries.into_iter().min_by_key(Vec::len).unwrap_or_default())
}

fn encode(
    width: u32,
    height: u32,
    data: &[u8],
    palette: Option<Vec<u8>>,
    filtered: bool,
) -> Result<Vec<u8>> {
    let failed = |error: png::EncodingError| Error::numerical("PNG encoding", error.to_string());
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_depth(png::BitDepth::Eight);
    match palette {
        Some(palette) => {
            encoder.set_color(png::ColorType::Indexed);
            encoder.set_palette(palette);
        }
        None => encoder.set_color(png::ColorType::Rgb),
    }
    encoder.set_compression(png::Compression::High);
    encoder.set_filter(if filtered {
        png::Filter::Adaptive
    } else {
        png::Filter::NoFilter
    });
    let mut writer = encoder.write_header().map_err(failed)?;
    writer.write_image_data(data).map_err(failed)?;
    writer.finish().map_err(failed)?;
    Ok(bytes)
}

/// The colours in order of appearance, and each pixel's colour; `None` beyond 256 colours.
fn palette(rgb: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let mut known: HashMap<[u8; 3], u8> = HashMap::new();
    let mut palette = Vec::new();
    let mut indices = Vec::with_capacity(rgb.len() / 3);
    for pixel in rgb.as_chunks::<3>().0 {
        let index = match known.get(pixel) {
            Some(index) => *index,
            None => {
                let next = u8::try_from(known.len()).ok()?;
                known.insert(*pixel, next);
                palette.extend_from_slice(pixel);
                next
            }
        };
        indices.push(index);
    }
    Some((palette, indices))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A decoded picture: width, height and RGB pixels, for the pixel tests of this module.
    pub(in crate::display) struct Decoded {
        pub(in crate::display) width: usize,
        pub(in crate::display) height: usize,
        rgb: Vec<u8>,
    }

    impl Decoded {
        pub(in crate::display) fn at(&self, x: f64, y: f64) -> [u8; 3] {
            let k = 3 * (y as usize * self.width + x as usize);
            [self.rgb[k], self.rgb[k + 1], self.rgb[k + 2]]
        }

        pub(in crate::display) fn count(&self, colour: [u8; 3]) -> usize {
            self.rgb
                .as_chunks::<3>()
                .0
                .iter()
                .filter(|pixel| **pixel == colour)
                .count()
        }
    }

    pub(in crate::display) fn decode(bytes: &[u8]) -> Result<Decoded> {
        let failed = |error: png::DecodingError| Error::numerical("PNG", error.to_string());
        let mut decoder = png::Decoder::new(std::io::Cursor::new(bytes));
        decoder.set_transformations(png::Transformations::EXPAND);
        let mut reader = decoder.read_info().map_err(failed)?;
        let mut rgb = vec![0; reader.output_buffer_size().unwrap_or(0)];
        let info = reader.next_frame(&mut rgb).map_err(failed)?;
        Ok(Decoded {
            width: info.width as usize,
            height: info.height as usize,
            rgb,
        })
    }

    #[test]
    fn pixels_survive_with_few_and_many_colours() -> Result<()> {
        for colours in [3usize, 256, 257, 900] {
            let rgb: Vec<u8> = (0..900)
                .flat_map(|i| {
                    let colour = i % colours;
                    [(colour % 256) as u8, (colour / 256) as u8, 7]
                })
                .collect();
            assert_eq!(palette(&rgb).is_some(), colours <= 256);
            let read = decode(&png(30, 30, &rgb)?)?;
            assert_eq!((read.width, read.height), (30, 30));
            assert_eq!(read.rgb, rgb);
        }
        Ok(())
    }
}
