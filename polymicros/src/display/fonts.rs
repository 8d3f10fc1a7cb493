//! The fonts of all pictures, linked into the library and registered with plotters.

use plotters::style::{FontDesc, FontFamily, FontStyle, register_font};
use std::sync::Once;

/// The family that all text is set in. No system font goes by this name, so text that is drawn at
/// all is drawn with the registered font.
pub(super) const FAMILY: &str = "PolyMicros DejaVu Sans";

/// What plotters calls a font's size is the distance from ascent to descent: this many ems.
const HEIGHT_OF_EM: f64 = (1901.0 + 483.0) / 2048.0;

/// The height of a capital or a digit, in ems.
pub(super) const CAP: f64 = 1493.0 / 2048.0;

/// The font at a size in pixels an em. plotters' size, from which its baseline is derived, is
/// `em * HEIGHT_OF_EM`.
pub(super) fn font(em: f64, bold: bool) -> FontDesc<'static> {
    static REGISTERED: Once = Once::new();
    REGISTERED.call_once(|| {
        // Fails for a malformed font only; the tests below set text in both.
        let _ = register_font(FAMILY, FontStyle::Normal, dejavu::sans::regular());
        let _ = register_font(FAMILY, FontStyle::Bold, dejavu::sans::bold());
    });
    let style = if bold {
        FontStyle::Bold
    } else {
        FontStyle::Normal
    };
    FontDesc::new(FontFamily::Name(FAMILY), em * HEIGHT_OF_EM, style)
}

/// How far below the position given to plotters its baseline lies, in the unit of `em`.
pub(super) fn baseline(em: f64) -> f64 {
    em * HEIGHT_OF_EM / 2.0
}

/// The width of a text, in the unit of `em`.
pub(super) fn width(text: &str, em: f64, bold: bool) -> f64 {
    // Measured large, because plotters rounds to whole pixels.
    const LARGE: f64 = 200.0;
    font(LARGE, bold)
        .box_size(text)
        .map_or(0.0, |(width, _)| f64::from(width) * em / LARGE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_set_in_the_registered_fonts() {
        assert_eq!(font(12.0, true).get_name(), FAMILY);
        // DejaVu Sans: an M is 1767/2048 em wide, a bold one 2038/2048.
        assert!((width("M", 1.0, false) - 1767.0 / 2048.0).abs() < 0.006);
        assert!((width("M", 1.0, true) - 2038.0 / 2048.0).abs() < 0.006);
        let unknown = FontDesc::new(FontFamily::SansSerif, 12.0, FontStyle::Normal);
        assert!(unknown.box_size("M").is_err(), "only our own fonts exist");
    }
}
