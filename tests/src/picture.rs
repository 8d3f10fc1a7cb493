//! Pictures by what an eye would notice.

use std::io::Cursor;

/// Side of the squares over which colours are averaged before two pictures are compared, in
/// pixels: an edge that moves by a fraction of a pixel is no difference.
const BLOCK: usize = 8;
/// The largest difference of two squares' mean colours, of 255.
const LARGEST: f64 = 48.0;
/// The largest mean difference over all squares, of 255.
const MEAN: f64 = 1.5;

/// What differs between two PNG pictures, in words; `None` where they look alike.
pub fn difference(expected: &[u8], found: &[u8]) -> Option<String> {
    let expected = match decode(expected) {
        Ok(picture) => picture,
        Err(problem) => return Some(format!("the expected picture is no PNG: {problem}")),
    };
    let found = match decode(found) {
        Ok(picture) => picture,
        Err(problem) => return Some(format!("the picture is no PNG: {problem}")),
    };
    if (expected.width, expected.height) != (found.width, found.height) {
        return Some(format!(
            "expected {} x {} pixels, found {} x {}",
            expected.width, expected.height, found.width, found.height
        ));
    }
    let (a, b) = (expected.squares(), found.squares());
    let differences: Vec<f64> = a.iter().zip(&b).map(|(a, b)| (a - b).abs()).collect();
    let mean = differences.iter().sum::<f64>() / differences.len().max(1) as f64;
    let largest = differences.iter().copied().fold(0.0, f64::max);
    (mean > MEAN || largest > LARGEST).then(|| {
        format!(
            "colours differ by {mean:.2} of 255 in the mean (at most {MEAN}) and by {largest:.1} \
             at most (at most {LARGEST}) over squares of {BLOCK} pixels"
        )
    })
}

struct Picture {
    width: usize,
    height: usize,
    channels: usize,
    bytes: Vec<u8>,
}

fn decode(png: &[u8]) -> Result<Picture, png::DecodingError> {
    let mut decoder = png::Decoder::new(Cursor::new(png));
    decoder.set_transformations(png::Transformations::normalize_to_color8());
    let mut reader = decoder.read_info()?;
    let mut bytes = vec![0; reader.output_buffer_size().unwrap_or(0)];
    let info = reader.next_frame(&mut bytes)?;
    bytes.truncate(info.buffer_size());
    Ok(Picture {
        width: info.width as usize,
        height: info.height as usize,
        channels: info.color_type.samples(),
        bytes,
    })
}

impl Picture {
    /// Mean of each channel over each square, row by row.
    fn squares(&self) -> Vec<f64> {
        let mut means = Vec::new();
        for top in (0..self.height).step_by(BLOCK) {
            for left in (0..self.width).step_by(BLOCK) {
                let bottom = (top + BLOCK).min(self.height);
                let right = (left + BLOCK).min(self.width);
                for channel in 0..self.channels {
                    let sum: u64 = (top..bottom)
                        .flat_map(|y| (left..right).map(move |x| (y, x)))
                        .map(|(y, x)| {
                            let at = (y * self.width + x) * self.channels + channel;
                            u64::from(self.bytes[at])
                        })
                        .sum();
                    means.push(sum as f64 / ((bottom - top) * (right - left)) as f64);
                }
            }
        }
        means
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn painted(width: u32, height: u32, colour: impl Fn(u32, u32) -> u8) -> Vec<u8> {
        let pixels: Vec<u8> = (0..height)
            .flat_map(|y| (0..width).map(move |x| (x, y)))
            .map(|(x, y)| colour(x, y))
            .collect();
        let mut file = Vec::new();
        let mut encoder = png::Encoder::new(&mut file, width, height);
        encoder.set_color(png::ColorType::Grayscale);
        let written = encoder
            .write_header()
            .and_then(|mut writer| writer.write_image_data(&pixels));
        assert!(written.is_ok());
        file
    }

    #[test]
    fn what_looks_alike_agrees_and_what_does_not_is_described() {
        let gradient = painted(40, 24, |x, y| (x * 5 + y) as u8);
        let slightly = painted(40, 24, |x, y| (x * 5 + y + 1) as u8);
        assert_eq!(difference(&gradient, &slightly), None);
        let spot = painted(40, 24, |x, y| {
            if x < 8 && y < 8 {
                250
            } else {
                (x * 5 + y) as u8
            }
        });
        assert!(difference(&gradient, &spot).is_some());
        let wider = painted(41, 24, |x, y| (x * 5 + y) as u8);
        assert!(difference(&gradient, &wider).is_some_and(|text| text.contains("41 x 24")));
        assert!(difference(&gradient, b"nothing").is_some());
    }
}
