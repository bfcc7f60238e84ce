//! `spkrepo config`.

use serde_json::{Value, json};

use super::error::CliError;
use super::settings::{SettingFlags, Stated, effective};
use super::table::table;
use super::{Context, Status};
use crate::model::setting::Shape;

/// Show the settings of `serve`, and where each comes from
///
/// A flag counts before the variable SPKREPO_…, that before `[serve]` in the spkrepo.toml that is served, and that before
/// the default. The flags are those of `serve`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    settings: SettingFlags,
    /// Print the settings as JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(context: &Context, args: &Args) -> Result<Status, CliError> {
    let (_, effective) = effective(context, &args.settings)?;
    if args.json {
        let settings: Vec<Value> = effective.stated.iter().map(entry).collect();
        context.ui.json(&settings);
    } else {
        let rows: Vec<_> = effective.stated.iter().map(row).collect();
        context.ui.out(&table(&rows));
    }
    Ok(Status::Done)
}

fn row(stated: &Stated) -> Vec<String> {
    let value = match &stated.texts[..] {
        [] => "-".to_owned(),
        texts => texts.join(", "),
    };
    vec![stated.setting.name.to_owned(), value, from(stated)]
}

fn entry(stated: &Stated) -> Value {
    let value = match (stated.setting.shape, &stated.texts[..]) {
        (Shape::List, texts) => json!(texts),
        (Shape::Switch, [text]) => json!(text == "true"),
        (Shape::One | Shape::Switch, texts) => json!(texts.first()),
    };
    json!({ "name": stated.setting.name, "value": value, "from": from(stated) })
}

/// Returns the place without the marks that it has in a sentence.
fn from(stated: &Stated) -> String {
    stated.place.to_string().replace('`', "")
}
