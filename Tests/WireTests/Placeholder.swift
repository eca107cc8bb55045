// until merged
