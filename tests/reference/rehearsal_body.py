"""Volume, cells, clotting, potassium and temperature of each patient in plain Python."""

from __future__ import annotations

import math

from separatrix.team.rehearsal.play.arrays import BODY, PAR, Arrays

RED, PLASMA, PLATELETS = 1, 2, 3
"""Kinds of `Arrays.stock_blood`."""
CLOTTING_LOW, POTASSIUM_HIGH = 0, 1


def exponential_times(matrix: list[list[float]], vector: list[float]) -> list[float]:
    """exp(matrix) times a vector: the series in so many equal parts that it ends soon."""
    parts = max(1, math.ceil(2.0 * max(sum(map(abs, row)) for row in matrix)))
    for _ in range(parts):
        term = vector
        for order in range(1, 20):
            term = [sum(m * x for m, x in zip(row, term, strict=True)) / (order * parts) for row in matrix]
            vector = [x + more for x, more in zip(vector, term, strict=True)]
    return vector


class Numbers:
    """The entries of `Arrays.par` by name."""

    def __init__(self, arrays: Arrays) -> None:
        par = arrays.par.tolist()
        for name, place in PAR.items():
            setattr(self, name, par[place])

    def __getattr__(self, name: str) -> float:
        raise AttributeError(name)


class Body:
    """One patient."""

    def __init__(self, start: list[float], number: Numbers, loss_normal: float, rest_normal: float) -> None:
        self.number = number
        self.weight_kg = start[BODY["weight_kg"]]
        self.start_ml = self.volume_ml = start[BODY["volume_ml"]]
        self.potassium_normal = start[BODY["potassium_mmol_per_l"]]
        self.temperature_c = start[BODY["temperature_c"]]
        self.rest_c = number.temperature_rest_c + number.temperature_rest_sd_c * rest_normal
        self.loss_factor = math.exp(number.loss_ln_sd * loss_normal)
        self.red_ml = self.volume_ml * start[BODY["haematocrit"]]
        self.clotting_ml = self.volume_ml
        self.potassium_mmol = 0.0
        self.lost_ml = 0.0
        self.arrives_min = math.inf
        self.coming = (0, 0, 0)
        self.given = [0, 0, 0]
        self.packs_short = 0
        self.crossed = [False, False]
        self.volume_lowest = self.haematocrit_lowest = self.temperature_lowest_c = self.clotting_lowest = (
            math.inf
        )
        self.potassium_highest = -math.inf
        self.note()

    @property
    def haematocrit(self) -> float:
        """Share of cells."""
        return self.red_ml / self.volume_ml

    @property
    def clotting(self) -> float:
        """1 is normal."""
        return self.clotting_ml / self.volume_ml

    @property
    def potassium(self) -> float:
        """mmol/l."""
        return self.potassium_normal + 1000.0 * self.potassium_mmol / self.volume_ml

    def note(self) -> None:
        """Keep lowest and highest."""
        self.volume_lowest = min(self.volume_lowest, self.volume_ml / self.start_ml)
        self.haematocrit_lowest = min(self.haematocrit_lowest, self.haematocrit)
        self.temperature_lowest_c = min(self.temperature_lowest_c, self.temperature_c)
        self.clotting_lowest = min(self.clotting_lowest, self.clotting)
        self.potassium_highest = max(self.potassium_highest, self.potassium)

    def newly_crossed(self) -> list[int]:
        """Thresholds crossed for the first time."""
        now = [
            self.clotting < self.number.clotting_threshold,
            self.potassium > self.number.potassium_threshold_mmol_per_l,
        ]
        new = [which for which in (CLOTTING_LOW, POTASSIUM_HIGH) if now[which] and not self.crossed[which]]
        for which in new:
            self.crossed[which] = True
        return new

    def pack_ml(self, ml: float) -> float:
        """What this patient gets of a pack."""
        return min(ml, self.number.product_ml_per_kg * self.weight_kg)

    def wanted(self) -> tuple[int, int, int]:
        """Packs of red cells, plasma and platelets to order now."""
        number = self.number
        red = plasma = platelets = 0
        lacking_ml = number.haematocrit_target * min(self.volume_ml, self.start_ml) - self.red_ml
        if self.haematocrit < number.haematocrit_trigger and lacking_ml > 0.0:
            cells_ml = self.pack_ml(number.red_pack_ml) * number.red_pack_haematocrit
            red = max(1, math.ceil(lacking_ml / cells_ml))
            if self.lost_ml > number.massive_ml_per_kg * self.weight_kg:
                plasma = red
                platelets = (self.given[0] + red) // 4 - self.given[0] // 4
        if self.clotting < number.clotting_trigger:
            plasma, platelets = max(plasma, 1), max(platelets, 1)
        ceiling_ml = (2.0 - number.volume_floor) * self.start_ml
        room_ml = ceiling_ml - max(self.volume_ml, self.start_ml)
        fit = max(0, math.floor(room_ml / self.pack_ml(number.red_pack_ml)))
        packs = [red, plasma, platelets]
        while sum(packs) > fit:
            last_of_largest = max(range(3), key=lambda kind: (packs[kind], kind))
            packs[last_of_largest] -= 1
        return packs[0], packs[1], packs[2]

    def receive(self) -> None:
        """What was ordered arrives."""
        number = self.number
        red, plasma, platelets = self.coming
        share = self.pack_ml(number.red_pack_ml) / number.red_pack_ml
        red_ml = red * self.pack_ml(number.red_pack_ml)
        plasma_ml = plasma * self.pack_ml(number.plasma_pack_ml)
        platelet_ml = platelets * self.pack_ml(number.platelet_pack_ml)
        total_ml = red_ml + plasma_ml + platelet_ml
        self.volume_ml += total_ml
        self.red_ml += red_ml * number.red_pack_haematocrit
        self.potassium_mmol += red * share * number.red_pack_potassium_mmol
        self.clotting_ml += plasma_ml + platelet_ml * number.platelet_pack_clotting
        heat = total_ml * number.heat_ratio / (1000.0 * self.weight_kg)
        self.temperature_c += (number.product_c - self.temperature_c) * heat / (1.0 + heat)
        self.given = [had + new for had, new in zip(self.given, self.coming, strict=True)]
        self.coming, self.arrives_min = (0, 0, 0), math.inf
        self.note()


class Bodies:
    """All patients, with what flows between them and the stock that they share."""

    def __init__(
        self, arrays: Arrays, number: Numbers, normals: list[tuple[float, float]], stock: list[int]
    ) -> None:
        self.number = number
        self.bodies = [Body(row, number, *z) for row, z in zip(arrays.body.tolist(), normals, strict=True)]
        self.exchange = arrays.exchange.tolist()
        self.row = 0
        self.stock = stock
        self.columns = [
            [
                [
                    c
                    for c, of in enumerate(arrays.stock_patient)
                    if arrays.stock_blood[c] == kind and of == whose
                ]
                for whose in (patient, -1)
            ]
            for patient in range(len(self.bodies))
            for kind in (RED, PLASMA, PLATELETS)
        ]

    def advance(self, dt_min: float, loss_ml_per_min: list[float]) -> None:
        """Every patient so many minutes on."""
        left = dt_min
        while left > 0.0:
            step = left
            while not self._step(step, loss_ml_per_min):
                step /= 2.0
            left -= step
            for body in self.bodies:
                body.note()

    def _step(self, dt: float, losses: list[float]) -> bool:
        number, bodies, count = self.number, self.bodies, len(self.bodies)
        flow = self.exchange[self.row]
        scale = [min(1.0, b.volume_ml / (number.volume_floor * b.start_ml)) for b in bodies]
        gross = [[scale[i] * flow[i][j] for j in range(count)] for i in range(count)]
        rates, middles, urines, leaving, changes = [], [], [], [], []
        for i, body in enumerate(bodies):
            loss = scale[i] * losses[i]
            out = sum(gross[i])
            into = sum(gross[j][i] for j in range(count))
            wanted = (body.start_ml - body.volume_ml) / max(dt, number.tick_bleeding_min) + loss + out - into
            fluid = max(
                -number.diuresis_ml_per_kg_per_min * body.weight_kg,
                min(number.fluid_ml_per_kg_per_min * body.weight_kg, wanted),
            )
            change = fluid - loss - out + into
            if change * dt < -0.5 * body.volume_ml:
                return False
            rates.append(loss)
            changes.append(change)
            middles.append(body.volume_ml + 0.5 * dt * change)
            urines.append(max(-fluid, 0.0))
            leaving.append(loss + out)
        cells = self._moved([b.red_ml for b in bodies], leaving, gross, middles, dt)
        clotting = self._moved([b.clotting_ml for b in bodies], leaving, gross, middles, dt)
        with_urine = [gone + urine for gone, urine in zip(leaving, urines, strict=True)]
        potassium = self._moved([b.potassium_mmol for b in bodies], with_urine, gross, middles, dt)
        uptake = math.exp(-number.potassium_uptake_per_min * dt)
        warming = math.exp(-number.temperature_rate_per_min * dt)
        for i, body in enumerate(bodies):
            body.volume_ml += changes[i] * dt
            body.red_ml, body.clotting_ml, body.potassium_mmol = cells[i], clotting[i], potassium[i] * uptake
            body.temperature_c = body.rest_c + (body.temperature_c - body.rest_c) * warming
            body.lost_ml += rates[i] * dt
        return True

    @staticmethod
    def _moved(
        amounts: list[float], leaving: list[float], gross: list[list[float]], middles: list[float], dt: float
    ) -> list[float]:
        """Amounts after a step with constant rates, exactly."""
        count = len(amounts)
        joined = [i for i in range(count) if any(gross[i]) or any(row[i] for row in gross)]
        moved = [x * math.exp(-gone / v * dt) for x, gone, v in zip(amounts, leaving, middles, strict=True)]
        if len(joined) == 2:
            first, second = joined
            a, d = -leaving[first] / middles[first], -leaving[second] / middles[second]
            b, c = gross[second][first] / middles[second], gross[first][second] / middles[first]
            half = 0.5 * (a - d)
            root = math.sqrt(half * half + b * c)
            decay = math.exp(0.5 * (a + d) * dt)
            even = decay * math.cosh(root * dt)
            odd = decay * (math.sinh(root * dt) / root if root > 0.0 else dt)
            x, y = amounts[first], amounts[second]
            moved[first] = even * x + odd * (half * x + b * y)
            moved[second] = even * y + odd * (c * x - half * y)
        elif joined:
            matrix = [
                [
                    dt * (-leaving[i] / middles[i] if i == j else gross[j][i] / middles[j])
                    for j in range(count)
                ]
                for i in range(count)
            ]
            moved = exponential_times(matrix, amounts)
        return moved

    def order(self, patient: int, now_min: float) -> None:
        """Order what is wanted, as far as there is stock."""
        body = self.bodies[patient]
        if body.arrives_min < math.inf:
            return
        wanted = body.wanted()
        if not any(wanted):
            return
        had = tuple(self._take(patient, kind, packs) for kind, packs in enumerate(wanted))
        body.packs_short = max(body.packs_short, sum(wanted) - sum(had))
        if any(had):
            body.coming = (had[0], had[1], had[2])
            body.arrives_min = now_min + self.number.product_delay_min

    def _take(self, patient: int, kind: int, packs: int) -> int:
        left = packs
        for columns in self.columns[3 * patient + kind]:
            for column in columns:
                taken = min(left, self.stock[column])
                self.stock[column] -= taken
                left -= taken
        return packs - left
