// SPDX-License-Identifier: BSD-2-Clause
//! Plots of figures over the number of flows.

use std::ops::Range;
use std::path::Path;

use anyhow::{anyhow, Result};
use plotters::prelude::*;

/// A line in a plot.
pub struct Curve {
    /// What it shows.
    pub name: &'static str,
    /// Flows, and the figure at so many.
    pub points: Vec<(f64, f64)>,
}

/// Draws curves over the number of flows, both axes logarithmic.
pub fn draw(path: &Path, title: &str, unit: &str, curves: &[Curve]) -> Result<()> {
    // plotters' errors borrow from what is drawn on.
    draw_all(path, title, unit, curves).map_err(|error| anyhow!("{}: {error}", path.display()))
}

fn range(values: impl Iterator<Item = f64> + Clone) -> Range<f64> {
    let low = values.clone().fold(f64::MAX, f64::min);
    let high = values.fold(f64::MIN, f64::max);
    low * 0.8..high * 1.25
}

fn draw_all(
    path: &Path,
    title: &str,
    unit: &str,
    curves: &[Curve],
) -> Result<(), Box<dyn std::error::Error>> {
    let points = curves.iter().flat_map(|curve| &curve.points);
    let (x, y) = (
        range(points.clone().map(|point| point.0)),
        range(points.map(|point| point.1)),
    );
    let area = SVGBackend::new(path, (840, 480)).into_drawing_area();
    area.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&area)
        .caption(title, ("sans-serif", 20))
        .margin(12)
        .x_label_area_size(40)
        .y_label_area_size(64)
        .build_cartesian_2d(x.log_scale(), y.log_scale())?;
    chart
        .configure_mesh()
        .x_desc("live flows")
        .y_desc(unit)
        .x_label_formatter(&|flows| format!("{flows:.0}"))
        .y_label_formatter(&|value| format!("{value:.0}"))
        .light_line_style(WHITE)
        .draw()?;
    for (number, curve) in curves.iter().enumerate() {
        let color = Palette99::pick(number).to_rgba();
        let line = LineSeries::new(curve.points.iter().copied(), color.stroke_width(2));
        chart
            .draw_series(line.point_size(3))?
            .label(curve.name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], color.stroke_width(2)));
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperLeft)
        .background_style(WHITE.mix(0.8))
        .border_style(BLACK)
        .draw()?;
    area.present()?;
    Ok(())
}
