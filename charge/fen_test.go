package charge

import "testing"

// A number with an exponent is the number it is (Java and Go print floats so); what is no number stays as it is.
func TestPlainNumber(t *testing.T) {
	for text, want := range map[string]string{
		"0E-8": "0", "1.5E+1": "15", "1.25e1": "12.5", "1.25E+1": "12.5", "3E+1": "30", "-1E-2": "-0.01", "+2e0": "+2",
		"1.795899048E9": "1795899048", "1E-3": "0.001", "12e-1": "1.2", "100E-2": "1",
		"": "", "e": "e", "1e": "1e", "e5": "e5", "1e5e5": "1e5e5", "1e999": "1e999", "1e-99999999999": "1e-99999999999",
		".5e1": ".5e1", "1.2.3e1": "1.2.3e1", "15.00": "15.00", "eleven": "eleven",
	} {
		if got := PlainNumber(text); got != want {
			t.Errorf("%q is %q, want %q", text, got, want)
		}
	}
}

func TestNumbersWithExponents(t *testing.T) {
	if f, err := ParseFen("1.234E1"); err != nil || f != 1234 {
		t.Errorf("%v, %v", f, err)
	}
	if f, err := ParseFen("1.2345E1"); err == nil {
		t.Errorf("parts of a fen were taken: %v", f)
	}
	if e, err := ParseEnergy("1.25E+1"); err != nil || e != 12500 {
		t.Errorf("%v, %v", e, err)
	}
	if n, err := ParseMinutes("3E+1"); err != nil || n != 30 {
		t.Errorf("%v, %v", n, err)
	}
	if n, err := ParseMinutes("2.95E1"); err != nil || n != 30 {
		t.Errorf("a started minute counts: %v, %v", n, err)
	}
	if n, err := ParseMinutes("1E12"); err == nil {
		t.Errorf("out of range was taken: %v", n)
	}
}
