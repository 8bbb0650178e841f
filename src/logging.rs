//! The log: English lines on standard error, as text for people or as JSON for machines.

use std::io::{self, IsTerminal, Write};
use std::panic;

use tracing::Subscriber;
pub use tracing::level_filters::LevelFilter;
use tracing_subscriber::fmt::{MakeWriter, SubscriberBuilder};

/// `--log-format`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// One readable line an event; coloured at a terminal.
    Text,
    /// One JSON object a line: `timestamp`, `level`, `target`, `message`, and the event's own fields.
    Json,
}

/// A log has been set up before.
#[derive(Debug, thiserror::Error)]
#[error("the log is set up already; it can be set up once in a process")]
pub struct AlreadySet;

/// Sets up the log of the process, and sends panics there too. `level` and what is graver is written.
///
/// # Errors
/// Called a second time.
pub fn init(format: Format, level: LevelFilter) -> Result<(), AlreadySet> {
    let colour = io::stderr().is_terminal();
    let log = subscriber(format, level, colour, io::stderr);
    tracing::subscriber::set_global_default(log).map_err(|_| AlreadySet)?;
    panic::set_hook(Box::new(report));
    Ok(())
}

fn subscriber<W>(
    format: Format,
    level: LevelFilter,
    colour: bool,
    writer: W,
) -> Box<dyn Subscriber + Send + Sync>
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let builder = SubscriberBuilder::default()
        .with_max_level(level)
        .with_writer(writer)
        // It would say so on standard error, and panic when that is what cannot be written.
        .log_internal_errors(false);
    match format {
        Format::Text => Box::new(builder.with_ansi(colour).finish()),
        Format::Json => Box::new(
            builder
                .json()
                .flatten_event(true)
                .with_current_span(false)
                .with_span_list(false)
                .finish(),
        ),
    }
}

fn report(panic: &panic::PanicHookInfo<'_>) {
    let place = panic.location().map(ToString::to_string).unwrap_or_default();
    let text = panic.payload_as_str().unwrap_or("(no text)");
    tracing::error!(place, "a bug: the program panicked: {text}");
    // Where the log's level hides even errors, a panic must still leave a trace.
    if !tracing::enabled!(tracing::Level::ERROR) {
        let _ = writeln!(io::stderr(), "a bug: the program panicked at {place}: {text}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};

    #[derive(Clone, Default)]
    struct Page(Arc<Mutex<Vec<u8>>>);

    impl Write for Page {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn written(format: Format, level: LevelFilter, say: impl FnOnce()) -> String {
        let page = Page::default();
        let writer = page.clone();
        tracing::subscriber::with_default(subscriber(format, level, false, move || writer.clone()), say);
        let bytes = page.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn json_lines_are_objects_with_the_fields_on_top() {
        let log = written(Format::Json, LevelFilter::INFO, || {
            tracing::info!(channel = "shop", "first");
            tracing::warn!("second \"quoted\"\nbroken");
        });
        let lines: Vec<serde_json::Value> = log
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(lines.len(), 2);
        assert_eq!(
            (&lines[0]["message"], &lines[0]["channel"]),
            (&"first".into(), &"shop".into())
        );
        assert_eq!(lines[1]["level"], "WARN");
    }

    #[test]
    fn the_level_is_kept_to_and_text_has_no_colour_codes() {
        let log = written(Format::Text, LevelFilter::WARN, || {
            tracing::info!("too small");
            tracing::error!("grave");
        });
        assert!(log.contains("ERROR") && log.contains("grave"), "{log}");
        assert!(!log.contains("too small") && !log.contains('\u{1b}'), "{log}");
    }
}
