package estate

// Messages are the texts of all codes.
func Messages() map[Code][2]string {
	all := map[Code][2]string{}
	for code, m := range messages {
		all[code] = [2]string{m.english, m.chinese}
	}
	return all
}

// ExportedSecrets returns what the placeholders of Export stand for.
func ExportedSecrets(s *State) map[string]string {
	e := exporter{secrets: map[string]string{}}
	e.write(s)
	return e.secrets
}
