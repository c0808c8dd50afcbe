use std::{collections::BTreeSet, fs};

use clap::CommandFactory;

use super::*;

fn parse(arguments: &[&str]) -> Result<Config, clap::Error> {
    let command = Cli::command().mut_args(|arg| arg.env(clap::builder::Resettable::Reset));
    let matches = command.try_get_matches_from([&["open-stream"], arguments].concat())?;
    <Cli as clap::FromArgMatches>::from_arg_matches(&matches).map(Cli::into_config)
}

fn settings() -> BTreeSet<String> {
    let command = Cli::command();
    let names = command.get_arguments().filter_map(|arg| arg.get_env());
    names.map(|name| name.to_str().unwrap().to_owned()).collect()
}

#[test]
fn the_command_line_is_consistent() {
    Cli::command().debug_assert();
}

#[test]
fn every_flag_is_a_variable_too() {
    let command = Cli::command();
    for arg in
        command.get_arguments().filter(|arg| !["help", "version"].contains(&arg.get_id().as_str()))
    {
        let flag = arg.get_long().unwrap().replace('-', "_").to_uppercase();
        assert_eq!(arg.get_env().and_then(|name| name.to_str()), Some(flag.as_str()));
    }
}

#[test]
fn the_example_lists_every_setting_and_no_other() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../.env.example");
    let text = fs::read_to_string(path).unwrap();
    let listed: BTreeSet<String> = text
        .lines()
        .filter_map(|line| line.trim_start_matches('#').split_once('='))
        .map(|(name, _)| name.to_owned())
        .filter(|name| name.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_'))
        .collect();
    assert_eq!(listed, settings());
}

#[test]
fn the_values_of_the_example_are_the_defaults() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../.env.example");
    let text = fs::read_to_string(path).unwrap();
    let command = Cli::command();
    for arg in command.get_arguments().filter(|arg| arg.get_env().is_some()) {
        let name = arg.get_env().unwrap().to_str().unwrap();
        let default = arg.get_default_values().first().unwrap().to_str().unwrap();
        let depends_on_the_machine = name == "WORKERS";
        if !default.is_empty() && !depends_on_the_machine {
            let line = format!("\n#{name}={default}\n");
            assert!(text.contains(&line), "{line:?} is missing");
        }
    }
}

#[test]
fn serve_is_what_is_done_when_nothing_is_said() {
    for arguments in [&["--port", "3001"][..], &["serve", "--port", "3001"]] {
        assert_eq!(parse(arguments).unwrap().http.port, 3001, "{arguments:?}");
    }
}

#[test]
fn an_empty_value_is_no_value() {
    let flags = ["--public-url=", "--public-ip=", "--jwt-secret=", "--allowed-origins= , "];
    let config = parse(&flags).unwrap();
    assert_eq!(config.http.public_url, Optional(None));
    assert_eq!(config.storage.jwt_secret, Optional(None));
    assert!(config.media.public_ip.is_empty() && config.http.allowed_origins.is_empty());
}

#[test]
fn several_addresses_are_separated_by_commas() {
    let config = parse(&["--public-ip", "203.0.113.7, 2001:db8::7"]).unwrap();
    let expected = ["203.0.113.7", "2001:db8::7"].map(|text| text.parse().unwrap());
    assert_eq!(config.media.public_addresses().unwrap(), expected);
}

#[test]
fn a_public_address_may_have_a_port_of_its_own() {
    let config = parse(&["--public-ip", "203.0.113.7:41000,[2001:db8::7]:41000,192.0.2.7"]);
    let addresses = config.unwrap().media.public_addresses().unwrap();
    let announced: Vec<String> =
        addresses.iter().map(|address| address.socket_address(40_000).to_string()).collect();
    assert_eq!(announced, ["203.0.113.7:41000", "[2001:db8::7]:41000", "192.0.2.7:40000"]);
}

#[test]
fn what_cannot_be_is_refused() {
    for argument in [
        "--port=65536",
        "--workers=0",
        "--public-ip=meet.example.org",
        "--public-ip=0.0.0.0",
        "--public-ip=224.0.0.1",
        "--public-ip=0.0.0.0:41000",
        "--public-ip=203.0.113.7:0",
        "--public-url=meet.example.org",
        "--public-url=ftp://meet.example.org",
        "--public-url=https://user@meet.example.org",
        "--public-url=https://meet.example.org?x=1",
        "--allowed-origins=https://meet.example.org/path",
        "--allowed-origins=*",
        "--invite-ttl=0s",
        "--invite-ttl=soon",
        "--room-idle-timeout=1000years",
        "--log-format=xml",
    ] {
        assert!(parse(&[argument]).is_err(), "{argument}");
    }
}

#[test]
fn the_secret_is_in_no_error_and_no_debug_form() {
    let config = parse(&["--jwt-secret", "hush-hush"]).unwrap();
    assert!(!format!("{config:?}").contains("hush"));
}

#[test]
fn a_loopback_address_is_announced_only_when_there_is_no_other() {
    let addresses =
        |list: &[&str]| -> Vec<IpAddr> { list.iter().map(|text| text.parse().unwrap()).collect() };
    let own =
        addresses(&["127.0.0.1", "::1", "fe80::1", "169.254.1.1", "192.0.2.7", "2001:db8::7"]);
    assert_eq!(announced(own), addresses(&["192.0.2.7", "2001:db8::7"]));
    assert_eq!(announced(addresses(&["127.0.0.1", "fe80::1"])), addresses(&["127.0.0.1"]));
}
