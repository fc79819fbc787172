package charge

import "testing"

func TestSamePoint(t *testing.T) {
	cases := []struct {
		listed, pushed string
		same           bool
	}{
		{"4402020030000009", "4402020030000009", true},
		{"4402020030000009", "4402020030000009001", true},
		{"4402020030000009", "44020200300000090011", false},
		{"4402020030000009", "4402020030000009A", false},
		{"4402020030000009001", "4402020030000009", false},
		{"4402020030000009", "4402020030000017001", false},
		{"1", "1", true},
		{"1", "12", false},
		{"", "", false},
		{"", "12", false},
	}
	for _, c := range cases {
		if got := SamePoint(c.listed, c.pushed); got != c.same {
			t.Errorf("%q listed, %q pushed: %t", c.listed, c.pushed, got)
		}
	}
}

func TestTemporaryPlates(t *testing.T) {
	for plate, temporary := range map[Plate]bool{
		"京AD06088": false, "粤Z1234港": false, "使123456": false, "VA12345": false, "WJ京12345": false, "": false,
		"京A1234临": true, "临A12345": true, "无牌1234": true, "62000F9": true, "6F4C859": true,
	} {
		if got := plate.Temporary(); got != temporary {
			t.Errorf("%q: temporary %t", plate.Full(), got)
		}
	}
}
