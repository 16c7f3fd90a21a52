"""Times the loop of Brian 2 for the models of the benchmark, on one thread, without building and compilation:

    brian.py MODEL runtime|cpp_standalone STEPS

It leaves compiled code in the working directory."""

import os
import sys
import time

import brian2 as b2
from brian2 import Hz, PoissonGroup, PoissonInput, NeuronGroup, Network, SpikeMonitor, Synapses
from brian2 import defaultclock, device, ms, mV, nS, pF, second, uS

REPEATS = 3


def excite_and_inhibit(cells, on_e, on_i):
    synapses = []
    for source, code in ((cells[:3200], on_e), (cells[3200:], on_i)):
        synapses.append(Synapses(source, cells, on_pre=code))
        synapses[-1].connect(p=0.02)
    return [cells, synapses, SpikeMonitor(cells)]


def cuba():
    cells = NeuronGroup(4000, """dv/dt = (ge + gi - (v + 49*mV)) / (20*ms) : volt (unless refractory)
                                 dge/dt = -ge / (5*ms) : volt
                                 dgi/dt = -gi / (10*ms) : volt""",
                        threshold="v > -50*mV", reset="v = -60*mV", refractory=5 * ms, method="exact")
    cells.v = "-60*mV + rand()*10*mV"
    return excite_and_inhibit(cells, "ge += 1.62*mV", "gi -= 9*mV")


def coba():
    cells = NeuronGroup(4000, """dv/dt = (10*nS*(-60*mV - v) - ge*v + gi*(-80*mV - v)) / (200*pF)
                                       : volt (unless refractory)
                                 dge/dt = -ge / (5*ms) : siemens
                                 dgi/dt = -gi / (10*ms) : siemens""",
                        threshold="v > -50*mV", reset="v = -60*mV", refractory=5 * ms, method="exponential_euler")
    cells.v = "-60*mV + rand()*10*mV"
    cells.ge = "clip(10*randn(), 0, inf)*nS"
    cells.gi = "clip(40*randn(), 0, inf)*nS"
    return excite_and_inhibit(cells, "ge += 6*nS", "gi += 67*nS")


COBAHH = """
dv/dt = (10*nS*(-60*mV - v) - ge*v + gi*(-80*mV - v) + 20*uS*m**3*h*(50*mV - v) + 6*uS*n**4*(-90*mV - v)) / (200*pF)
      : volt
dm/dt = alpha_m*(1 - m) - beta_m*m : 1
dh/dt = alpha_h*(1 - h) - beta_h*h : 1
dn/dt = alpha_n*(1 - n) - beta_n*n : 1
dge/dt = -ge / (5*ms) : siemens
dgi/dt = -gi / (10*ms) : siemens
u = v + 63*mV : volt
alpha_m = 1.28/exprel((13*mV - u) / (4*mV))/ms : Hz
beta_m = 1.4/exprel((u - 40*mV) / (5*mV))/ms : Hz
alpha_h = 0.128*exp((17*mV - u) / (18*mV))/ms : Hz
beta_h = 4/(1 + exp((40*mV - u) / (5*mV)))/ms : Hz
alpha_n = 0.16/exprel((15*mV - u) / (5*mV))/ms : Hz
beta_n = 0.5*exp((10*mV - u) / (40*mV))/ms : Hz
"""


def cobahh():
    defaultclock.dt = 0.05 * ms
    cells = NeuronGroup(4000, COBAHH, threshold="v > -20*mV", refractory="v > -20*mV", method="exponential_euler")
    cells.v = "-65*mV + 5*mV*randn()"
    cells.ge = "clip(40 + 15*randn(), 0, inf)*nS"
    cells.gi = "clip(200 + 120*randn(), 0, inf)*nS"
    cells.h = 1
    return excite_and_inhibit(cells, "ge += 6*nS", "gi += 67*nS")


def brunel():
    cells = NeuronGroup(12500, "dv/dt = -v / (20*ms) : volt (unless refractory)",
                        threshold="v >= 20*mV", reset="v = 10*mV", refractory=2 * ms, method="exact")
    synapses = []
    for source, code in ((cells[:10000], "v_post += 0.1*mV"), (cells[10000:], "v_post -= 0.5*mV")):
        synapses.append(Synapses(source, cells, on_pre=code, delay=1.5 * ms))
        synapses[-1].connect(p=0.1)
    return [cells, synapses, PoissonInput(cells, "v", 1000, 20 * Hz, weight=0.1 * mV), SpikeMonitor(cells)]


def stdp():
    inputs = PoissonGroup(1000, rates=15 * Hz)
    cell = NeuronGroup(1, """dv/dt = (-ge*v - 74*mV - v) / (10*ms) : volt
                             dge/dt = -ge / (5*ms) : 1""",
                       threshold="v > -54*mV", reset="v = -60*mV", method="euler")
    cell.v = -74 * mV
    synapses = Synapses(inputs, cell, """w : 1
                                         dx/dt = -x / (20*ms) : 1 (event-driven)
                                         dy/dt = -y / (20*ms) : 1 (event-driven)""",
                        on_pre="""ge += w
                                  x += 1e-4
                                  w = clip(w - y, 0, 0.01)""",
                        on_post="""y += 1.05e-4
                                   w = clip(w + x, 0, 0.01)""")
    synapses.connect()
    synapses.w = "0.01*rand()"
    return [inputs, cell, synapses, SpikeMonitor(cell)]


MODELS = {"cuba": cuba, "coba": coba, "cobahh": cobahh, "brunel": brunel, "stdp": stdp}


def time_runtime(network, steps):
    """A run of one step takes what every run takes before its loop; the first one compiles."""

    def seconds(count):
        start = time.perf_counter()
        network.run(count * defaultclock.dt)
        return time.perf_counter() - start

    seconds(1)
    return min(seconds(steps) - seconds(1) for _ in range(REPEATS))


def time_standalone(network, steps):
    """The compiled program measures its loop itself."""
    network.run(steps * defaultclock.dt)
    device.build(directory="standalone", compile=True, run=False)
    best = float("inf")
    for _ in range(REPEATS):
        device.run(directory="standalone", with_output=False, run_args=[])
        best = min(best, device._last_run_time)
    return best


def main(model, mode, steps):
    b2.prefs.codegen.runtime.cython.cache_dir = os.path.abspath("cython")
    b2.seed(1)
    if mode == "cpp_standalone":
        b2.set_device("cpp_standalone", build_on_run=False)
    defaultclock.dt = 0.1 * ms
    parts = MODELS[model]()
    measure = time_standalone if mode == "cpp_standalone" else time_runtime
    seconds = measure(Network(*parts), steps)
    spikes = parts[-1]
    cells = spikes.source.N
    duration = (steps if mode == "cpp_standalone" else REPEATS * (steps + 1) + 1) * defaultclock.dt
    print(f"loop: {seconds:.6f} s for {steps} steps, rate {spikes.num_spikes / cells / (duration / second):.3f}")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
