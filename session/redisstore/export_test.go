// What tests outside the package need to see.

package redisstore

// Resolve returns the configuration with its URL taken apart and defaults.
func Resolve(c Config) (Config, error) { return c.withDefaults() }

// TrialSHA is the name of the script that tries EVALSHA.
const TrialSHA = trialSHA

// NearCacheStats is what the near-cache has done since Open.
type NearCacheStats struct {
	Hits, Misses uint64
}

// NearCacheStats returns what the near-cache has done.
func (s *Store) NearCacheStats() NearCacheStats {
	return NearCacheStats{s.near.hits.Load(), s.near.misses.Load()}
}
