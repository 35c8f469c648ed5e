//! One small picture of a run: each figure's share of its limit, with a mark where it should be.

use std::fmt::Write as _;

use crate::bench::figure::{Figure, Target};
use crate::bench::report::Report;

const LABEL_WIDTH: f64 = 330.0;
const BAR_WIDTH: f64 = 340.0;
const SHARE_WIDTH: f64 = 60.0;
/// A bar is no longer than this share, and the figure beside it tells the rest.
const SHARE_MAX: f64 = 1.15;
const ROW_HEIGHT: f64 = 22.0;
const HEADING_HEIGHT: f64 = 30.0;
const TOP: f64 = 44.0;
const REACHED: &str = "#3b7a57";
const MISSED: &str = "#b5472f";

/// Returns an SVG of all figures that are to be at least, or at most, some share of their limit.
pub(crate) fn draw(report: &Report) -> String {
    let (mut rows, mut y, mut part) = (String::new(), TOP, "");
    for figure in &report.figures {
        let Some(Target::ShareAtLeast(target) | Target::ShareAtMost(target)) = figure.target else { continue };
        let Some(share) = figure.share() else { continue };
        if figure.part != part {
            part = &figure.part;
            y += HEADING_HEIGHT;
            let _ = writeln!(rows, r#"<text class="part" x="0" y="{:.0}">{}</text>"#, y - 8.0, escaped(part));
        }
        bar(&mut rows, y, figure, share, target);
        y += ROW_HEIGHT;
    }
    let (width, height) = (LABEL_WIDTH + BAR_WIDTH * SHARE_MAX + SHARE_WIDTH, y + 10.0);
    let title = format!("Share of what the machine can do · {} · {}", report.date, report.commit);
    format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="-12 0 {:.0} {height:.0}" font-family="sans-serif" font-size="13">
<style>text {{ fill: #222 }} .part {{ font-weight: bold }} .quiet {{ fill: #777; font-size: 11px }}</style>
<rect x="-12" y="0" width="{:.0}" height="{height:.0}" fill="#fff"/>
<text x="0" y="22" font-size="15">{}</text>
<text class="quiet" x="0" y="40">{} · the line is the target</text>
{rows}</svg>
"##,
        width + 24.0,
        width + 24.0,
        escaped(&title),
        escaped(&report.machine),
    )
}

fn bar(rows: &mut String, y: f64, figure: &Figure, share: f64, target: f64) {
    let colour = if figure.reached() == Some(true) { REACHED } else { MISSED };
    let limit = figure.limit.as_ref().map(|limit| limit.name.as_str()).unwrap_or_default();
    let (name, value) = (escaped(figure.name.trim()), escaped(&figure.amount(figure.value)));
    let width = BAR_WIDTH * share.min(SHARE_MAX);
    let mark = LABEL_WIDTH + BAR_WIDTH * target.min(SHARE_MAX);
    let text_y = y + 14.0;
    let _ = writeln!(
        rows,
        r#"<text x="0" y="{text_y:.0}">{name}<tspan class="quiet"> of {}</tspan></text>"#,
        escaped(limit)
    );
    let _ =
        writeln!(rows, r##"<rect x="{LABEL_WIDTH}" y="{:.0}" width="{BAR_WIDTH}" height="14" fill="#eee"/>"##, y + 3.0);
    let _ = writeln!(
        rows,
        r#"<rect x="{LABEL_WIDTH}" y="{:.0}" width="{width:.1}" height="14" fill="{colour}"><title>{value}</title></rect>"#,
        y + 3.0
    );
    let _ = writeln!(rows, r##"<path d="M{mark:.1} {:.0}v18" stroke="#222" stroke-width="2"/>"##, y + 1.0);
    let _ = writeln!(
        rows,
        r#"<text x="{:.0}" y="{text_y:.0}">{:.0} %</text>"#,
        LABEL_WIDTH + BAR_WIDTH * SHARE_MAX + 8.0,
        100.0 * share
    );
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::figure::Unit;

    #[test]
    fn every_figure_with_a_share_to_reach_has_a_bar() {
        let figure = |name: &str, value| Figure::new("a < b", name, value, Unit::PerSecond).beside("limit", 100.0);
        let least = Target::ShareAtLeast(0.5);
        let figures =
            vec![figure("fast", 60.0).to_reach(least), figure("slow", 40.0).to_reach(least), figure("free", 10.0)];
        let most = figure("large", 300.0).to_reach(Target::ShareAtMost(0.6));
        let figures = [figures, vec![most]].concat();
        let (date, machine, commit) = ("today".to_owned(), "here".to_owned(), "abc".to_owned());
        let chart = draw(&Report { date, machine, commit, figures });
        assert_eq!((chart.matches(REACHED).count(), chart.matches(MISSED).count()), (1, 2), "{chart}");
        assert!(chart.contains("a &lt; b") && !chart.contains("free"), "{chart}");
        assert!(chart.starts_with("<svg ") && chart.ends_with("</svg>\n"));
    }
}
