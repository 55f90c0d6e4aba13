"""What a training run will take before it begins: time, memory, money and energy, here and on rented hardware."""
