package policy

import "testing"

// TestTheSharingOfThePageIsThatOfTheProgram reads the table that people read.
func TestTheSharingOfThePageIsThatOfTheProgram(t *testing.T) {
	rows := pageTables(t)["Sharing"]
	if len(rows) != 5 {
		t.Fatalf("%d rows", len(rows))
	}
	for _, row := range rows[1:] {
		var s Share
		if err := s.With.UnmarshalText([]byte(row[0])); err != nil {
			t.Fatal(err)
		}
		if s.withCoordinators() != (row[1] == "yes") {
			t.Errorf("%s: coordinators %s", row[0], row[1])
		}
		s.Chosen = []uint64{7}
		want, known := map[string][2]bool{"no": {}, "those who were chosen": {true, false}, "yes": {true, true}}[row[2]]
		if got := [2]bool{s.withColleague(7), s.withColleague(8)}; got != want || !known {
			t.Errorf("%s: colleagues %s: chosen and not %v", row[0], row[2], got)
		}
	}
}
