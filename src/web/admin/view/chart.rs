//! Bars over time, drawn by the server as SVG: no script, no inline style. The same numbers stand below as a table.

use maud::{Markup, Render, html};

/// One bar: what it stands for, and its parts from the ground up.
#[derive(Debug, Clone)]
pub struct Bar {
    /// For its tip and for the table: `14:00`.
    pub label: String,
    /// In the order of the chart's parts.
    pub parts: Vec<u64>,
}

/// A chart that renders itself.
#[derive(Debug, Clone)]
pub struct Chart<'a> {
    /// Unique on the page.
    pub id: &'a str,
    pub title: &'a str,
    /// What the chart says, in a sentence.
    pub summary: String,
    /// The parts of a bar: name, and the class of their colour.
    pub parts: Vec<(&'a str, &'static str)>,
    pub bars: Vec<Bar>,
    /// Labels below, evenly spread from the first bar to the last.
    pub axis: Vec<String>,
    /// "As a table".
    pub table: &'a str,
    /// The heading of the table's first column.
    pub first_column: &'a str,
    pub number: fn(u64) -> String,
}

/// The drawing's own units; it is stretched to its place.
const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 160.0;
/// The part of a bar's place that stays free.
const GAP: f64 = 0.25;

/// The next round number at or above `n`: one digit and zeros.
fn round_up(n: u64) -> u64 {
    let mut step = 1u64;
    loop {
        for factor in [1, 2, 3, 4, 5, 6, 8] {
            match step.checked_mul(factor) {
                Some(round) if round >= n.max(1) => return round,
                Some(_) => {}
                None => return n,
            }
        }
        step = step.saturating_mul(10);
    }
}

/// Exact for any number that a chart shows.
#[expect(clippy::cast_precision_loss, reason = "a drawing is exact to a pixel")]
fn share(n: u64, of: u64) -> f64 {
    n as f64 / of.max(1) as f64
}

impl Chart<'_> {
    fn top(&self) -> u64 {
        let highest = self.bars.iter().map(|bar| bar.parts.iter().sum::<u64>()).max();
        round_up(highest.unwrap_or(0))
    }

    fn bars(&self) -> Markup {
        let top = self.top();
        let place = WIDTH * share(1, self.bars.len() as u64);
        let mut left = 0.0;
        let mut drawn = Vec::new();
        for bar in &self.bars {
            let mut y = HEIGHT;
            let rects = bar
                .parts
                .iter()
                .zip(&self.parts)
                .filter(|(n, _)| **n > 0)
                .map(|(n, (_, class))| {
                    let height = HEIGHT * share(*n, top);
                    y -= height;
                    (*class, y, height)
                });
            let rects: Vec<_> = rects.collect();
            drawn.push((left + place * GAP / 2.0, rects, self.tip(bar)));
            left += place;
        }
        html! {
            @for (x, rects, tip) in drawn {
                g {
                    title { (tip) }
                    @for (class, y, height) in rects {
                        rect class=(class) x=(format!("{x:.1}")) y=(format!("{y:.1}"))
                            width=(format!("{:.1}", place * (1.0 - GAP))) height=(format!("{height:.1}")) {}
                    }
                }
            }
        }
    }

    fn tip(&self, bar: &Bar) -> String {
        let parts = self.parts.iter().zip(&bar.parts).filter(|(_, n)| **n > 0);
        let parts: Vec<String> = parts
            .map(|((name, _), n)| format!("{name} {}", (self.number)(*n)))
            .collect();
        format!(
            "{}: {}",
            bar.label,
            if parts.is_empty() {
                "0".to_owned()
            } else {
                parts.join(", ")
            }
        )
    }
}

impl Render for Chart<'_> {
    fn render(&self) -> Markup {
        html! {
            figure.chart {
                figcaption {
                    h3 { (self.title) }
                    p.hint { (self.summary) }
                }
                div.plot {
                    div.scale aria-hidden="true" { span { ((self.number)(self.top())) } span { "0" } }
                    svg viewBox=(format!("0 0 {WIDTH} {HEIGHT}")) preserveAspectRatio="none" role="img"
                        aria-labelledby={ (self.id) "-title" } {
                        title id={ (self.id) "-title" } { (self.title) ". " (self.summary) }
                        @for y in [0.0, HEIGHT / 2.0, HEIGHT] {
                            line.grid x1="0" x2=(WIDTH) y1=(y) y2=(y) vector-effect="non-scaling-stroke" {}
                        }
                        (self.bars())
                    }
                }
                div.axis aria-hidden="true" { @for label in &self.axis { span { (label) } } }
                ul.legend {
                    @for (name, class) in &self.parts {
                        li { svg viewBox="0 0 10 10" aria-hidden="true" { rect class=(class) width="10" height="10" rx="2" {} } (name) }
                    }
                }
                details.as-table id={ (self.id) "-table" } {
                    summary { (self.table) }
                    div.table-box {
                        table {
                            caption.hidden { (self.title) }
                            thead {
                                tr {
                                    th scope="col" { (self.first_column) }
                                    @for (name, _) in &self.parts { th.number scope="col" { (name) } }
                                }
                            }
                            tbody {
                                @for bar in &self.bars {
                                    tr {
                                        th scope="row" { (bar.label) }
                                        @for n in &bar.parts { td.number { ((self.number)(*n)) } }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scales_end_at_round_numbers() {
        for (n, expected) in [
            (0, 1),
            (1, 1),
            (3, 3),
            (7, 8),
            (11, 20),
            (200, 200),
            (201, 300),
            (u64::MAX, u64::MAX),
        ] {
            assert_eq!(round_up(n), expected, "{n}");
        }
    }

    #[test]
    fn bars_stand_on_each_other_and_names_are_text() {
        let chart = Chart {
            id: "c",
            title: "<b>",
            summary: String::new(),
            parts: vec![("ok", "a"), ("bad", "b")],
            bars: vec![Bar {
                label: "<i>".to_owned(),
                parts: vec![5, 5],
            }],
            axis: vec![],
            table: "t",
            first_column: "h",
            number: |n| n.to_string(),
        };
        let drawn = chart.render().into_string();
        assert!(
            drawn.contains(r#"class="a" x="90.0" y="80.0" width="540.0" height="80.0""#),
            "{drawn}"
        );
        assert!(drawn.contains(r#"class="b" x="90.0" y="0.0""#), "{drawn}");
        assert!(!drawn.contains("<b>") && !drawn.contains("<i>"), "{drawn}");
    }
}
