from math import sqrt


class StatisticsError(ValueError):
    pass


def _data(data):
    data = list(data)
    if not data:
        raise StatisticsError("mean requires at least one data point")
    return data


def mean(data):
    data = _data(data)
    total = sum(data)
    result = total / len(data)
    if isinstance(total, int) and result == int(result):
        return int(result)
    return result


def fmean(data):
    data = _data(data)
    return float(sum(data)) / len(data)


def median(data):
    data = sorted(_data(data))
    middle = len(data) // 2
    if len(data) % 2:
        return data[middle]
    return (data[middle - 1] + data[middle]) / 2


def mode(data):
    counts = {}
    for item in _data(data):
        counts[item] = counts.get(item, 0) + 1
    return max(counts, key=counts.get)


def _squares(data):
    center = sum(data) / len(data)
    return sum([(item - center) ** 2 for item in data])


def pvariance(data):
    data = _data(data)
    return _squares(data) / len(data)


def variance(data):
    data = list(data)
    if len(data) < 2:
        raise StatisticsError("variance requires at least two data points")
    return _squares(data) / (len(data) - 1)


def pstdev(data):
    return sqrt(pvariance(data))


def stdev(data):
    data = list(data)
    if len(data) < 2:
        raise StatisticsError("stdev requires at least two data points")
    return sqrt(variance(data))
