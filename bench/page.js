/* Draws the plots of the page, by uPlot, from the numbers beside it. */
(function () {
    "use strict";
    const data = JSON.parse(document.getElementById("data").textContent);
    const lines = ["--one", "--two", "--three", "--four", "--five", "--six"];
    const scheme = matchMedia("(prefers-color-scheme: dark)");
    let plots = [];

    function colour(name) {
        return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
    }

    /* Of the rows that report_plots.c writes. */
    function column(which) {
        return data.slots.map(slot => slot[which]);
    }

    /* As figure.c writes them. */
    function count(value) {
        return value.toLocaleString("en-US", {maximumFractionDigits: value < 100 ? 2 : 0});
    }

    function latency(us) {
        if (us < 999.5)
            return count(us) + " µs";
        return us < 999.5e3 ? Number((us / 1e3).toPrecision(3)) + " ms" : Number((us / 1e6).toPrecision(3)) + " s";
    }

    function seconds(value) {
        return Number(value.toFixed(3)) + " s";
    }

    /* What |nines| stand for: 1 for 90 %, 2 for 99 %. */
    function share(nines) {
        return Number((100 * (1 - Math.pow(10, -nines))).toFixed(Math.floor(nines) + 1)) + " %";
    }

    /* A tick for each nine, or, when fewer are to be seen, four in all. */
    function nineTicks(plot, axis, min, max) {
        const step = max - min > 1.5 ? 1 : (max - min) / 4, ticks = [];
        for (let at = step === 1 ? Math.ceil(min) : min; at <= max + 1e-9; at += step)
            ticks.push(at);
        return ticks;
    }

    /* The figures of the place under the pointer. */
    function tips(where, what) {
        let box;
        return {hooks: {
            init(plot) {
                box = document.createElement("div");
                box.className = "tip";
                box.hidden = true;
                plot.over.appendChild(box);
            },
            setCursor(plot) {
                const at = plot.cursor.idx, left = plot.cursor.left, right = left > plot.over.clientWidth / 2;
                box.hidden = at == null || left < 0;
                if (box.hidden)
                    return;
                plot.lastX = plot.data[0][at];
                box.textContent = [where(plot.lastX)].concat(plot.series.slice(1).map(function (series, i) {
                    const value = plot.data[i + 1][at];
                    return series.label + ": " + (value == null ? "–" : what(value));
                })).join("\n");
                box.style.left = right ? "auto" : left + 12 + "px";
                box.style.right = right ? plot.over.clientWidth - left + 12 + "px" : "auto";
            },
        }};
    }

    function zoom(group, factor) {
        group.forEach(function (plot) {
            const x = plot.scales.x, all = plot.data[0], first = all[0], last = all[all.length - 1];
            const middle = plot.lastX >= x.min && plot.lastX <= x.max ? plot.lastX : (x.min + x.max) / 2;
            const half = (x.max - x.min) / 2 * factor;
            plot.setScale("x", {min: Math.max(first, middle - half), max: Math.min(last, middle + half)});
        });
    }

    /* Fingers and keys zoom by buttons; a mouse may draw over a range, and click twice to see all. */
    function addButtons(section, group) {
        const bar = document.createElement("div");
        bar.className = "zoom";
        [["+", "zoom in", 0.5], ["−", "zoom out", 2], ["all", "show all", Infinity]].forEach(function (row) {
            const button = document.createElement("button");
            button.type = "button";
            button.textContent = row[0];
            button.setAttribute("aria-label", row[1]);
            button.addEventListener("click", function () { zoom(group, row[2]); });
            bar.appendChild(button);
        });
        section.prepend(bar);
    }

    function draw(id, group, x, y, scale, series) {
        const section = document.getElementById(id), place = section.querySelector(".plot");
        section.hidden = false;
        const axis = {stroke: colour("--soft"), grid: {stroke: colour("--rule"), width: 1}, ticks: {show: false}};
        const options = {
            width: place.clientWidth,
            height: 280,
            legend: {live: false},
            cursor: {sync: {key: x.key, setSeries: false}, points: {size: 6}},
            scales: {x: {time: false}, y: scale},
            axes: [
                Object.assign({}, axis, {values: (plot, ticks) => ticks.map(x.text), space: 64, size: 32}, x.ticks && {splits: x.ticks}),
                Object.assign({}, axis, {values: (plot, ticks) => ticks.map(at => at == null ? "" : y(at)), size: 68}),
            ],
            series: [{label: x.label}].concat(series.map(function (line) {
                return {label: line.label, stroke: colour(line.colour), width: 2, points: {show: x.values.length < 3},
                        fill: line.filled ? colour(line.colour) + "24" : undefined};
            })),
            plugins: [tips(x.text, y)],
        };
        const plot = new uPlot(options, [x.values].concat(series.map(line => line.values)), place);
        if (section.querySelector(".zoom") === null)
            addButtons(section, group);
        group.push(plot);
        plots.push(plot);
    }

    const groups = {time: [], nines: []};

    function drawAll() {
        plots.forEach(plot => plot.destroy());
        plots = [];
        groups.time.length = groups.nines.length = 0;
        const time = {key: "time", label: "seconds", text: seconds, values: column(0)};
        const logarithmic = {distr: 3, log: 10};
        draw("rate", groups.time, time, count, {range: (plot, min, max) => [0, max > 0 ? max * 1.05 : 1]}, [
            {label: "completed", colour: "--one", values: column(1), filled: true},
            {label: "errors", colour: "--bad", values: column(2)},
        ].filter(line => line.label !== "errors" || line.values.some(value => value !== 0)));
        if (data.curves.length === 0) /* nothing was completed */
            return;
        draw("latency", groups.time, time, latency, logarithmic, [
            {label: "p50", colour: "--one", values: column(3)},
            {label: "p99", colour: "--two", values: column(4)},
            {label: "longest", colour: "--three", values: column(5)},
        ]);
        draw("curve", groups.nines, {key: "nines", label: "share", text: share, values: data.nines, ticks: nineTicks},
            latency, logarithmic, data.curves.map(function (curve, i) {
                return {label: curve.name, colour: lines[i % lines.length], values: curve.us};
            }));
    }

    drawAll();
    scheme.addEventListener("change", drawAll);
    addEventListener("resize", function () {
        plots.forEach(plot => plot.setSize({width: plot.root.parentNode.clientWidth, height: plot.height}));
    });
}());
