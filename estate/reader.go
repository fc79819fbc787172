package estate

// reader checks nodes against field descriptions and collects what is wrong.
type reader struct {
	file     string
	getenv   func(string) (string, bool)
	readFile func(string) ([]byte, error)
	thing    string // what is being read, for errors
	errs     Errors
}

func (p *reader) fail(line int, field string, code Code, args ...any) {
	p.errs = append(p.errs, Error{File: p.file, Line: line, Thing: p.thing, Field: field, Code: code, args: args})
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// clip keeps error texts short when the input is not.
func clip(s string) string {
	const most = 60
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}
