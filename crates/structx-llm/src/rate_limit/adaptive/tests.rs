//! The adaptive rate against simulated providers. `cargo test -- --nocapture` shows what is
//! measured.

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    clippy::float_cmp,
    reason = "counts are small, limits the same numbers"
)]

use crate::retry::RetryPolicy;

use super::simulation::{Client, Control, LATE, Outcome, Provider, SOUND, Simulation, Told};

const TOLD: [Told; 3] = [Told::Nothing, Told::Exact, Told::Rounded];

fn run(provider: Provider, client: Client) -> Outcome {
    Simulation::run(Control::adaptive(), provider, client)
}

/// The time of a run relative to that of an ideal client, on average over ten runs.
fn relative(provider: Provider, client: Client) -> f64 {
    let seconds = |control: fn() -> Control| -> f64 {
        let run = |seed| Simulation::run(control(), provider, Client { seed, ..client });
        let outcomes = (0..10).map(run).inspect(|it| assert_eq!(it.failed, 0, "{provider:?}"));
        outcomes.map(|it| it.time).sum()
    };
    let (time, ideal) = (seconds(Control::adaptive), seconds(|| Control::Ideal));
    println!("{:.2} of {:.1} s: {provider:?} {}", time / ideal, ideal / 10.0, client.rows);
    time / ideal
}

/// Each provider's throttled share and used share of its limit, with the limit.
fn endless(then: f64) -> Vec<(f64, f64, f64)> {
    let mut outcomes = Vec::new();
    for limit in [5.0, 10.0, 20.0, 60.0, 200.0] {
        for burst in [2.0, 5.0, 20.0] {
            for latency in [0.005, 0.05, 0.3, 1.0] {
                for told in [Told::Nothing, Told::OneSecond] {
                    for refusal in [0.005, latency] {
                        let limits = Provider { limit: Some(limit), then, burst, ..SOUND };
                        let provider = Provider { latency, refusal, told, ..limits };
                        let threads = ((limit * latency * 4.0) as usize).max(16);
                        let client = Client::endless(threads);
                        let outcome = run(provider, client);
                        let allowed =
                            (provider.change - LATE) + (client.end - provider.change) * then;
                        let used = outcome.rate * (client.end - LATE) / (limit * allowed);
                        outcomes.push((limit, outcome.throttled, used));
                    }
                }
            }
        }
    }
    outcomes
}

/// Asserts the throttled and the used share of all providers on average, and of those with each
/// limit.
fn check(then: f64, most_throttled: f64, least_used: f64, throttled_of_limits: [f64; 5]) {
    let outcomes = endless(then);
    let mean = |limit: f64, of: fn(&(f64, f64, f64)) -> f64| {
        let values: Vec<_> =
            outcomes.iter().filter(|it| limit == 0.0 || it.0 == limit).map(of).collect();
        values.iter().sum::<f64>() / values.len() as f64
    };
    let (throttled, used) = (mean(0.0, |it| it.1), mean(0.0, |it| it.2));
    println!("limits times {then}: {:.1}% throttled, {:.1}% used", throttled * 100.0, used * 100.0);
    assert!(throttled < most_throttled && used > least_used, "{throttled} {used}");
    for (limit, most) in [5.0, 10.0, 20.0, 60.0, 200.0].into_iter().zip(throttled_of_limits) {
        let throttled = mean(limit, |it| it.1);
        println!("{limit} a second: {:.1}% throttled", throttled * 100.0);
        assert!(throttled < most, "{throttled} of {limit}");
    }
}

#[test]
fn a_limit_is_found_and_kept() {
    check(1.0, 0.03, 0.95, [0.05; 5]);
}

/// The change itself costs a few dozen requests, which is a large share at few a second.
#[test]
fn a_limit_that_halves_is_followed() {
    check(0.5, 0.06, 0.95, [0.12, 0.1, 0.06, 0.05, 0.05]);
}

#[test]
fn a_limit_that_doubles_is_followed() {
    check(2.0, 0.03, 0.85, [0.05; 5]);
}

/// A limit that halves before it was found.
#[test]
fn a_limit_that_halves_is_no_noise() {
    for told in TOLD {
        let limits = Provider { limit: Some(100.0), then: 0.5, change: 0.5, burst: 3.0, ..SOUND };
        let provider = Provider { latency: 0.02, refusal: 0.02, told, ..limits };
        let policy = RetryPolicy::new(20, 0.1, 1.0).unwrap();
        for seed in 0..60 {
            let client = Client { threads: 20, policy, seed, ..Client::new(1_000) };
            let outcome = run(provider, client);
            assert!(outcome.throttled < 0.1, "{outcome:?}: {provider:?} {seed}");
        }
    }
}

#[test]
fn a_limit_costs_little_time() {
    for limit in [1.0, 2.0, 5.0, 20.0, 60.0, 200.0] {
        for burst in [2.0, 5.0, 20.0] {
            for told in TOLD {
                let provider = Provider { limit: Some(limit), burst, told, ..SOUND };
                let relative = relative(provider, Client::new(((limit * 30.0) as usize).max(60)));
                assert!(relative < 1.3, "{relative}: {provider:?}");
            }
        }
    }
}

#[test]
fn few_rows_use_up_their_attempts_until_the_limit_is_found() {
    let policy = RetryPolicy::new(3, 1.0, 10.0).unwrap();
    for limit in [1.0, 5.0, 20.0, 100.0] {
        for told in TOLD {
            for (threads, refusal) in [(20, 0.005), (50, 0.05)] {
                let rows = ((limit * 15.0) as usize).max(threads);
                let provider = Provider { limit: Some(limit), told, refusal, ..SOUND };
                let client = Client { threads, policy, ..Client::new(rows) };
                let failed: usize =
                    (0..10).map(|seed| run(provider, Client { seed, ..client }).failed).sum();
                assert!(failed <= rows / 2, "{failed} of 10 times {rows}: {provider:?}");
            }
        }
    }
}

#[test]
fn what_is_throttled_at_random_does_not_slow_the_rest_down() {
    for noise in [0.02, 0.1, 0.3] {
        for told in [Told::Nothing, Told::OneSecond] {
            for (rows, latency) in [(400, 0.05), (4_000, 0.05), (400, 1.0)] {
                for refusal in [0.005, latency] {
                    let provider = Provider { noise, latency, refusal, told, ..SOUND };
                    let relative = relative(provider, Client::new(rows));
                    assert!(relative < 1.3, "{relative}: {provider:?}");
                }
            }
        }
    }
}

#[test]
fn a_limit_is_found_among_noise() {
    for limit in [20.0, 100.0] {
        for told in TOLD {
            let provider = Provider { limit: Some(limit), noise: 0.05, told, ..SOUND };
            let relative = relative(provider, Client::new((limit * 25.0) as usize));
            assert!(relative < 2.5, "{relative}: {provider:?}");
        }
    }
}

#[test]
fn limits_of_a_minute_are_waited_for() {
    for window in [(60, 60.0), (600, 60.0), (50, 10.0)] {
        for told in [Told::Exact, Told::Rounded] {
            let provider = Provider { window: Some(window), told, ..SOUND };
            let relative = relative(provider, Client::new(window.0 as usize * 7 / 2));
            assert!(relative < 1.15, "{relative}: {provider:?}");
        }
    }
}

#[test]
fn a_number_of_requests_at_a_time_is_kept() {
    for slots in [4, 20, 100] {
        for latency in [0.05, 0.3, 1.0] {
            let provider = Provider { slots: Some(slots), latency, ..SOUND };
            let outcome = run(provider, Client::endless(slots * 4));
            let used = outcome.rate * latency / slots as f64;
            println!("{used:.2} {outcome:?}");
            assert!(outcome.throttled < 0.1 && used > 0.7, "{used}, {outcome:?} {provider:?}");
        }
    }
}

#[test]
fn after_an_outage_the_rate_is_what_it_was() {
    for limit in [10.0, 100.0] {
        for latency in [0.05, 1.0] {
            let outage = (20.0, 40.0);
            let provider = Provider { limit: Some(limit), latency, outage, ..SOUND };
            let outcome = run(provider, Client::endless(200));
            println!("{limit} {latency} {outcome:?}");
            // The outage takes a quarter of the counted time.
            assert!(outcome.rate > 0.5 * 0.75 * limit, "{outcome:?} {provider:?}");
        }
    }
}

#[test]
fn nothing_waits_until_something_is_throttled() {
    let outcome = run(Provider { latency: 0.1, ..SOUND }, Client::endless(1_000));
    assert!(outcome.rate > 9_000.0, "{outcome:?}");
}
