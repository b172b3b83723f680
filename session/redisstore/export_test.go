// What tests outside the package need to see.

package redisstore

// Resolve returns the configuration with its URL taken apart and defaults.
func Resolve(c Config) (Config, error) { return c.withDefaults() }

// TrialSHA is the name of the script that tries EVALSHA.
const TrialSHA = trialSHA
