//! The flags, made of the table of settings.

use clap::{Arg, ArgAction, ArgMatches, Command};

use crate::model::setting::{SETTINGS, Setting, Shape, texts_of};

/// The settings that are given as flags.
#[derive(Clone, Debug, Default)]
pub(in crate::cli) struct SettingFlags(Vec<(&'static Setting, Vec<String>)>);

impl SettingFlags {
    /// Returns what is given, as texts.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&'static Setting, &[String])> {
        self.0.iter().map(|(setting, texts)| (*setting, &texts[..]))
    }

    #[cfg(test)]
    pub(super) fn add(&mut self, name: &str, value: &str) {
        let setting = Setting::named(name).expect("a setting");
        self.0.push((setting, texts_of(setting.shape, value)));
    }
}

impl clap::FromArgMatches for SettingFlags {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let given = SETTINGS.iter().filter_map(|setting| {
            let values = matches.get_many::<String>(setting.name)?;
            let texts = values.flat_map(|value| texts_of(setting.shape, value));
            Some((setting, texts.collect()))
        });
        Ok(Self(given.collect()))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl clap::Args for SettingFlags {
    fn augment_args(command: Command) -> Command {
        command.args(SETTINGS.iter().map(arg))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

fn arg(setting: &'static Setting) -> Arg {
    let default = match setting.default {
        "" => String::new(),
        default => format!(" [default: {default}]"),
    };
    let arg = Arg::new(setting.name)
        .long(setting.name)
        .value_name(setting.value_name)
        .help(format!("{}{default}", setting.doc));
    match setting.shape {
        Shape::List => arg.action(ArgAction::Append),
        Shape::One => arg,
        Shape::Switch => arg
            .num_args(0..=1)
            .require_equals(true)
            .default_missing_value("true"),
    }
}
