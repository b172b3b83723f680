package bench

// growing are the operations of a store whose cost is followed as it grows.
func growing(store string) []string {
	if store == "Memcached" {
		return []string{"validate", "login and logout", "list a user's"}
	}
	return []string{"validate", "login and logout", "list a user's", "first page", "deep page"}
}
